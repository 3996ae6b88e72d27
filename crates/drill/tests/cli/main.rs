//! `drill` as a process, with the real programs and with sabotaged ones.
