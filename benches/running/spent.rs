//! What a program that runs, and its database, used of the machine.

use std::time::Duration;

use crate::running::Running;

/// What was used, where the system says. Nothing else may write meanwhile.
#[derive(Clone, Copy, Default)]
pub(crate) struct Spent {
    /// Memory that the program holds now, in bytes.
    pub(crate) resident: Option<u64>,
    /// How often the disks of the machine were told to keep what they have, as each `fsync` does.
    pub(crate) flushes: Option<u64>,
    /// What was written to the disks of the machine, in bytes.
    pub(crate) written: Option<u64>,
}

impl Spent {
    pub(crate) fn of(program: &Running) -> Self {
        let disks = disks();
        Self { resident: program.resident(), flushes: disks.map(|disks| disks.0), written: disks.map(|disks| disks.1) }
    }

    pub(crate) fn since(self, before: &Self) -> Self {
        let since = |now: Option<u64>, before: Option<u64>| Some(now? - before?);
        Self { flushes: since(self.flushes, before.flushes), written: since(self.written, before.written), ..self }
    }

    /// The memory, in words.
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    pub(crate) fn memory(self) -> String {
        self.resident.map_or(String::new(), |bytes| format!("{:.0} MB", bytes as f64 / 1e6))
    }

    /// How often the disks were flushed in a second.
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    pub(crate) fn flushes_a_second(self, took: Duration) -> String {
        self.flushes.map_or(String::new(), |flushes| format!("{:.0}", flushes as f64 / took.as_secs_f64()))
    }
}

/// How often all disks were flushed, and how many bytes were written to them (`Documentation/admin-guide/iostats.rst` of
/// Linux: fields 16 and 7, of sectors of 512 bytes). Partitions are counted with their disk and not again.
fn disks() -> Option<(u64, u64)> {
    let told = std::fs::read_to_string("/proc/diskstats").ok()?;
    let mut all = (0, 0);
    for line in told.lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let is_disk = std::path::Path::new("/sys/block").join(fields.get(2)?).join("device").exists();
        if is_disk {
            let number = |nth: usize| fields.get(nth)?.parse::<u64>().ok();
            all = (all.0 + number(18)?, all.1 + number(9)? * 512);
        }
    }
    Some(all)
}
