//! An emulated machine of x86-64 with a kernel, clocks and a disk of its own: it is suspended, set and booted for real.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use holdfast::json::Value;
use tempfile::TempDir;

use super::programs::program;
use super::running::Run;

/// In the order in which they are loaded: the disk.
const MODULES: [&str; 6] =
    ["virtio_ring", "virtio", "virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci", "virtio_blk"];
const PROGRAMS: [&str; 3] = ["hb-write", "watchdog", "circuit-ctl"];
const BUSYBOX: &str = "/bin/busybox";

/// The first process. The rest is on the disk.
const INIT: &str = "#!/bin/busybox sh
for each in mount insmod chroot umount poweroff; do alias $each=\"/bin/busybox $each\"; done
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
while read module; do insmod /$module.ko; done < /modules
mount -t ext4 /dev/vda /disk
for each in proc sys dev; do mount --bind /$each /disk/$each; done
chroot /disk /bin/busybox sh -c \"$(/bin/busybox cat /story)\"
for each in proc sys dev; do umount /disk/$each; done
umount /disk
poweroff -f
";

/// What a story is told with. What follows an @ at the beginning of a line is heard.
const WORDS: &str = "export PATH=/bin HOLDFAST_ROOT=/bot
for each in cat date sleep; do alias $each=\"/bin/busybox $each\"; done
cd /bot
beat() { hb-write && echo && echo \"@$(cat data/heartbeat.json)\"; }
check() { echo \"@$(watchdog check --json)\"; }
zone() { echo \"@\\\"$(date +%Z)\\\"\"; }
suspend() {
  echo 0 > /sys/class/rtc/rtc0/wakealarm
  echo \"+$1\" > /sys/class/rtc/rtc0/wakealarm
  echo mem > /sys/power/state
}
set_by() { date -s \"@$(($(date +%s) + $1))\"; }
";

/// A machine that is off. Its root is `/bot`.
#[derive(Debug)]
pub struct Machine {
    dir: TempDir,
    kernel: PathBuf,
}

impl Machine {
    /// With this configuration, and an empty root.
    pub fn new(config: &str) -> Self {
        let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/install-test-tools.sh");
        let kernel = Command::new(tools).arg("--kernel").finish().expect(0).stdout.trim().into();
        let machine = Self { dir: tempfile::tempdir().expect("a folder"), kernel };
        let disk = machine.dir.path().join("files");
        for folder in ["proc", "sys", "dev", "tmp", "usr/share", "bot/data", "bot/memory"] {
            fs::create_dir_all(disk.join(folder)).expect("a folder");
        }
        fs::write(disk.join("bot/holdfast.toml"), config).expect("written");
        for name in PROGRAMS {
            add(&disk, &program(name), &format!("bin/{name}"));
        }
        add(&disk, Path::new(BUSYBOX), "bin/busybox");
        sh(&disk, "cp -r /usr/share/zoneinfo usr/share && mkfs.ext4 -q -d . ../disk 400M && rm -r ../files");
        machine
    }

    /// Boots with this wall clock, in UTC, goes through the story, a shell script, and is off again. What was heard.
    #[track_caller]
    pub fn boots(&self, clock: &str, story: &str) -> Vec<Value> {
        let files = self.dir.path().join("first");
        for folder in ["proc", "sys", "dev", "disk"] {
            fs::create_dir_all(files.join(folder)).expect("a folder");
        }
        add(&files, Path::new(BUSYBOX), "bin/busybox");
        for module in MODULES {
            fs::copy(self.kernel.join(format!("{module}.ko")), files.join(format!("{module}.ko")))
                .expect(module);
        }
        fs::write(files.join("modules"), MODULES.join("\n") + "\n").expect("written");
        fs::write(files.join("story"), format!("{WORDS}{story}")).expect("written");
        fs::write(files.join("init"), INIT).expect("written");
        fs::set_permissions(files.join("init"), fs::Permissions::from_mode(0o755)).expect("chmod");
        sh(&files, "find . | cpio -o -H newc --quiet | gzip -1 > ../first.gz");
        let mut emulator = Command::new("qemu-system-x86_64");
        emulator.current_dir(self.dir.path()).args([
            "-nodefaults",
            "-nic",
            "none",
            "-display",
            "none",
            "-no-reboot",
        ]);
        emulator.args(["-m", "256", "-serial", "stdio", "-rtc", &format!("base={clock}")]).arg("-kernel");
        emulator.arg(self.kernel.join("vmlinuz")).args([
            "-initrd",
            "first.gz",
            "-append",
            "console=ttyS0 quiet panic=-1",
        ]);
        emulator.args(["-drive", "file=disk,if=virtio,format=raw"]).stdin(std::process::Stdio::null());
        let ended = emulator.finish().expect(0);
        let heard = ended.stdout.lines().filter_map(|line| line.trim().strip_prefix('@'));
        heard
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}\n{ended}")))
            .collect()
    }
}

/// A program, with the libraries that it needs.
fn add(files: &Path, program: &Path, name: &str) {
    let libraries = Command::new("ldd").arg(program).finish().expect(0).stdout;
    let libraries = libraries.split_whitespace().filter(|word| word.starts_with('/'));
    for (from, to) in libraries.map(|library| (Path::new(library), &library[1..])).chain([(program, name)]) {
        let to = files.join(to);
        fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
        fs::copy(from, to).expect("copied");
    }
}

#[track_caller]
fn sh(dir: &Path, script: &str) {
    let mut shell = Command::new("/bin/sh");
    shell
        .args(["-c", script])
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .current_dir(dir)
        .finish()
        .expect(0);
}
