//! The command df and what it prints.
//!
//! <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/df.html>: `-P` is one line per filesystem, `-k` units of 1024
//! bytes. `-T` (the type) is no part of POSIX: Linux and FreeBSD have it.

use std::time::Duration;

use pgvigil_sdk::{AbsenceReason, Output, SshError, ssh};

const UNIT_BYTES: f64 = 1024.0;

/// Asks with `-T` until a df refuses it.
#[derive(Debug, Default)]
pub(crate) struct Df {
    has_no_types: bool,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Usage {
    pub(crate) device: String,
    /// Empty where df does not tell.
    pub(crate) fstype: String,
    pub(crate) mountpoint: String,
    pub(crate) size_bytes: f64,
    pub(crate) used_bytes: f64,
    pub(crate) avail_bytes: f64,
}

/// Why there is no usage.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The next path may have better luck.
    OfOne(AbsenceReason, String),
    /// No path will.
    OfAll(SshError),
}

impl Df {
    pub(crate) fn run(&mut self, path: &str, timeout: Duration) -> Result<Usage, Refusal> {
        if !self.has_no_types {
            let output = exec("-PkT", path, timeout)?;
            if !is_bad_option(&output) {
                return usage(&output, Columns::WithType);
            }
            self.has_no_types = true;
        }
        usage(&exec("-Pk", path, timeout)?, Columns::Posix)
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Columns {
    Posix,
    WithType,
}

fn exec(options: &str, path: &str, timeout: Duration) -> Result<Output, Refusal> {
    ssh("df").args([options, path]).timeout(timeout).run().map_err(|error| match error {
        SshError::TimedOut => {
            let detail = format!("df did not answer within {} ms: is the mount hung?", timeout.as_millis());
            Refusal::OfOne(AbsenceReason::TimedOut, detail)
        }
        error => Refusal::OfAll(error),
    })
}

fn is_bad_option(output: &Output) -> bool {
    let stderr = String::from_utf8_lossy(&output.stderr).to_lowercase();
    let complaints = ["illegal option", "invalid option", "unrecognized option", "unknown option", "usage:"];
    output.exit_code != 0 && complaints.iter().any(|complaint| stderr.contains(complaint))
}

fn usage(output: &Output, columns: Columns) -> Result<Usage, Refusal> {
    // df fails for reasons beside the path as well; a line that it printed counts.
    if let Some(usage) = output.stdout_text().lines().skip(1).find_map(|line| parse(line, columns)) {
        return Ok(usage);
    }
    let told = output.first_error_line();
    if told.contains("Permission denied") {
        let remedy = "let the SSH user search the directories above (setfacl -m u:USER:x DIRECTORY)";
        return Err(Refusal::OfOne(AbsenceReason::Denied, format!("{told}; {remedy}")));
    }
    let detail = if told.is_empty() {
        format!("df ended with {} and printed nothing that can be read", output.exit_code)
    } else {
        told
    };
    Err(Refusal::OfOne(AbsenceReason::Failed, detail))
}

/// `device [type] size used available capacity% mountpoint`. Device and mount point may hold spaces, so the columns are
/// found by the first three whole numbers that a percentage follows.
fn parse(line: &str, columns: Columns) -> Option<Usage> {
    let words = words(line);
    let numbers = words.windows(4).position(is_numbers)?;
    let size_at = words.get(numbers)?;
    let capacity_at = words.get(numbers + 3)?;
    let kilobytes = |index: usize| words.get(numbers + index).and_then(|word| word.text.parse::<f64>().ok());
    let before = line[..size_at.start].trim_end();
    let (device, fstype) = match columns {
        Columns::Posix => (before, ""),
        Columns::WithType => before.rsplit_once([' ', '\t'])?,
    };
    // One space parts the columns; any more belong to the name.
    let after = &line[capacity_at.start + capacity_at.text.len()..];
    let mountpoint = after.strip_prefix([' ', '\t']).unwrap_or(after);
    let mountpoint = if mountpoint.trim_start().starts_with('/') { mountpoint.trim_start() } else { mountpoint };
    let device = device.trim_end();
    if device.is_empty() || mountpoint.is_empty() {
        return None;
    }
    Some(Usage {
        device: device.to_owned(),
        fstype: fstype.to_owned(),
        mountpoint: mountpoint.to_owned(),
        size_bytes: kilobytes(0)? * UNIT_BYTES,
        used_bytes: kilobytes(1)? * UNIT_BYTES,
        avail_bytes: kilobytes(2)? * UNIT_BYTES,
    })
}

struct Word<'a> {
    start: usize,
    text: &'a str,
}

fn words(line: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut start = None;
    for (index, c) in line.char_indices().chain([(line.len(), ' ')]) {
        match (c.is_ascii_whitespace(), start) {
            (false, None) => start = Some(index),
            (true, Some(from)) => {
                words.push(Word { start: from, text: &line[from..index] });
                start = None;
            }
            _ => {}
        }
    }
    words
}

fn is_numbers(words: &[Word<'_>]) -> bool {
    let is_whole = |word: &Word<'_>| {
        let digits = word.text.strip_prefix('-').unwrap_or(word.text); // available is negative on a full BSD
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let is_percentage = |word: &Word<'_>| word.text == "-" || word.text.ends_with('%');
    matches!(words, [size, used, avail, capacity]
        if is_whole(size) && is_whole(used) && is_whole(avail) && is_percentage(capacity))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kib(n: f64) -> f64 {
        n * UNIT_BYTES
    }

    #[test]
    fn a_line_of_linux_is_read() {
        let usage =
            parse("/dev/sda1      ext4  41152736 10485760 30650592      26% /var/lib/postgresql", Columns::WithType);
        let expected = Usage {
            device: "/dev/sda1".to_owned(),
            fstype: "ext4".to_owned(),
            mountpoint: "/var/lib/postgresql".to_owned(),
            size_bytes: kib(41_152_736.0),
            used_bytes: kib(10_485_760.0),
            avail_bytes: kib(30_650_592.0),
        };
        assert_eq!(usage, Some(expected));
    }

    /// D34
    #[test]
    fn spaces_in_device_and_mount_point_are_kept() {
        let usage = parse("//nas/My Share 2  cifs 1000 400 600 40% /mnt/My  Data 100%", Columns::WithType).unwrap();
        assert_eq!(usage.device, "//nas/My Share 2");
        assert_eq!(usage.fstype, "cifs");
        assert_eq!(usage.mountpoint, "/mnt/My  Data 100%");
        let usage = parse("map auto home 0 0 0 100% /home", Columns::Posix).unwrap();
        assert_eq!((usage.device.as_str(), usage.mountpoint.as_str()), ("map auto home", "/home"));
    }

    #[test]
    fn pseudo_and_overfull_filesystems_are_read() {
        let usage = parse("overlay overlay 0 0 0 - /", Columns::WithType).unwrap();
        assert_eq!((usage.size_bytes, usage.mountpoint.as_str()), (0.0, "/"));
        let usage = parse("/dev/ada0 ufs 1000 1010 -10 101% /data", Columns::WithType).unwrap();
        assert_eq!(usage.avail_bytes, kib(-10.0));
    }

    #[test]
    fn lines_that_are_no_usage_are_refused() {
        for line in
            ["", "df: /x: No such file", "a b c d% /", "1 2 3 4% /", "/dev/sda1 ext4 1 2 3 4%", "ext4 1 2 3 4% /"]
        {
            assert_eq!(parse(line, Columns::WithType), None, "{line:?}");
        }
    }
}
