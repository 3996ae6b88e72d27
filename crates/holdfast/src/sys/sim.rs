//! A seeded double of the host, with faults (being written).
