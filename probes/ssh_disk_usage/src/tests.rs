use pgvigil_sdk::testing::{FakeHost, Run, answer, denied, failed, fixture, stdout, target_with_config};

use super::*;

const SET: &str = "filesystem";
const DATA: &str = "/srv/pg data/15";

fn linux(device: &str, mountpoint: &str) -> pgvigil_sdk::Output {
    stdout(&format!(
        "Filesystem Type 1024-blocks Used Available Capacity Mounted on\n{device} xfs 1000 400 600 40% {mountpoint}\n"
    ))
}

/// A server with a log directory in its data directory and one tablespace; nothing to df yet.
fn host(version: u32) -> FakeHost {
    let sql = PATHS.iter().find(|(minimum, _)| version >= *minimum).unwrap().1;
    let columns = [("data_directory", "text"), ("wal_directory", "text"), ("log_directory", "text")];
    let wal = format!("{DATA}/pg_wal/");
    FakeHost::new()
        .remaining(Duration::from_secs(60))
        .postgres(sql, answer(&columns, &[&[DATA, &wal, "log"]]))
        .postgres(TABLESPACES, answer(&[("spcname", "name"), ("location", "text")], &[&["fast", "/ssd/pg"]]))
}

fn all_but_tablespace(host: FakeHost) -> FakeHost {
    host.ssh(&format!("df -PkT {DATA}"), linux("/dev/sda1", "/srv"))
        .ssh(&format!("df -PkT {DATA}/pg_wal/"), linux("/dev/sdb1", "/wal"))
        .ssh(&format!("df -PkT {DATA}/log"), linux("/dev/sda1", "/srv"))
}

fn collect(host: FakeHost) -> Run {
    host.collect::<SshDiskUsage>(&target_with_config::<SshDiskUsage>(150_018, &[]))
}

#[test]
fn a_server_without_ssh_is_not_applicable() {
    let run = collect(host(150_018).ssh(&format!("df -PkT {DATA}"), SshError::NotConfigured));
    assert!(matches!(run.error(), ProbeError::NotApplicable(_)));
}

#[test]
fn without_the_ssh_grant_the_line_to_add_is_told() {
    let line = "add ssh = [[\"df\", \"-PkT\", \"*\"]] to grants".to_owned();
    let run = collect(host(150_018).ssh(&format!("df -PkT {DATA}"), SshError::NotGranted(line.clone())));
    assert_eq!(*run.error(), ProbeError::Config(line));
}

#[test]
fn a_hidden_data_directory_is_a_missing_privilege_with_the_grant() {
    let refusal =
        || denied("must be superuser or have privileges of pg_read_all_settings to examine \"data_directory\"");
    let run = collect(FakeHost::new().role("vigil").postgres(PATHS[0].1, refusal()));
    assert_eq!(*run.error(), ProbeError::MissingPrivilege("grant pg_monitor to vigil".to_owned()));
    let run = FakeHost::new().postgres(PATHS[1].1, refusal());
    let run = run.collect::<SshDiskUsage>(&target_with_config::<SshDiskUsage>(90_624, &[]));
    assert!(matches!(run.error(), ProbeError::MissingPrivilege(why) if why.contains("superusers only")));
}

/// D34: tablespaces and WAL on disks of their own.
#[test]
fn data_wal_log_and_tablespaces_are_measured_on_their_own_disks() {
    let run = collect(all_but_tablespace(host(150_018)).ssh("df -PkT /ssd/pg", linux("/dev/nvme0n1", "/ssd")));
    assert_eq!(run.rows(SET).len(), 4);
    let wal = format!("{DATA}/pg_wal/");
    let labels = ["wal", "", &wal, "/dev/sdb1", "/wal", "xfs"];
    assert_eq!(run.value(SET, &labels, "avail_bytes"), Some(600.0 * 1024.0));
    let labels = ["tablespace", "fast", "/ssd/pg", "/dev/nvme0n1", "/ssd", "xfs"];
    assert_eq!(run.value(SET, &labels, "size_bytes"), Some(1000.0 * 1024.0));
    assert_eq!(run.value(SET, &labels, "used_bytes"), Some(400.0 * 1024.0));
    assert!(run.absences().is_empty());
}

#[test]
fn a_hung_mount_costs_only_itself() {
    let host = all_but_tablespace(host(150_018)).ssh("df -PkT /ssd/pg", SshError::TimedOut);
    let run = collect(host);
    assert_eq!(run.rows(SET).len(), 3);
    let told = "df did not answer within 5000 ms: is the mount hung?";
    let labels = vec!["tablespace", "fast", "/ssd/pg", "", "", ""];
    assert_eq!(run.absences(), [(labels, AbsenceReason::TimedOut, told)]);
}

#[test]
fn a_df_without_types_is_asked_the_posix_way() {
    let posix = "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/sda1 1000 400 600 40% /srv\n";
    let mut host = host(150_018).ssh(&format!("df -PkT {DATA}"), failed(1, "df: illegal option -- T\nusage: df [-k]"));
    for path in [DATA, &format!("{DATA}/pg_wal/"), &format!("{DATA}/log"), "/ssd/pg"] {
        host = host.ssh(&format!("df -Pk {path}"), stdout(posix));
    }
    let run = collect(host);
    assert_eq!(run.value(SET, &["data", "", DATA, "/dev/sda1", "/srv", ""], "size_bytes"), Some(1000.0 * 1024.0));
    assert_eq!(run.rows(SET).len(), 4);
    assert_eq!(run.calls.iter().filter(|call| call.starts_with("df -PkT")).count(), 1);
}

#[test]
fn denied_missing_and_unreadable_paths_say_so() {
    let host = host(150_018)
        .ssh(&format!("df -PkT {DATA}"), linux("/dev/sda1", "/srv"))
        .ssh(&format!("df -PkT {DATA}/pg_wal/"), failed(1, "df: '/srv/pg data/15/pg_wal/': Permission denied"))
        .ssh(&format!("df -PkT {DATA}/log"), failed(1, "df: log: No such file or directory"))
        .ssh("df -PkT /ssd/pg", stdout("Filesystem\ngarbage\n"));
    let run = collect(host);
    let absences = run.absences();
    let reasons: Vec<_> = absences.iter().map(|(labels, reason, _)| (labels[0], *reason)).collect();
    let failed = AbsenceReason::Failed;
    assert_eq!(reasons, [("wal", AbsenceReason::Denied), ("log", failed), ("tablespace", failed)]);
    assert!(absences[0].2.contains("setfacl"));
    assert!(absences[2].2.contains("printed nothing that can be read"));
}

#[test]
fn an_ssh_connection_that_breaks_keeps_what_was_measured() {
    let gone = || SshError::Unavailable("connection reset".to_owned());
    let host_with_data = host(150_018).ssh(&format!("df -PkT {DATA}"), linux("/dev/sda1", "/srv"));
    let run = collect(host_with_data.ssh(&format!("df -PkT {DATA}/pg_wal/"), gone()));
    assert_eq!((run.rows(SET).len(), run.absences().len()), (1, 3));
    let run = collect(host(150_018).ssh(&format!("df -PkT {DATA}"), gone()));
    assert!(matches!(run.error(), ProbeError::HostCall(_)));
}

#[test]
fn paths_without_time_are_told() {
    let run = collect(host(150_018).remaining(Duration::from_millis(400)));
    assert_eq!(run.absences().len(), 4);
    assert!(run.absences().iter().all(|(_, reason, _)| *reason == AbsenceReason::TimedOut));
}

#[test]
fn real_servers_tell_their_paths() {
    for (version, paths, tablespaces) in [
        (100_023, fixture!("paths.10.json"), fixture!("tablespaces.10.json")),
        (180_004, fixture!("paths.18.json"), fixture!("tablespaces.18.json")),
    ] {
        let target = target_with_config::<SshDiskUsage>(version, &[]);
        let host = FakeHost::new().postgres(PATHS[0].1, paths).postgres(TABLESPACES, tablespaces);
        let data = if version < 110_000 { "/srv/pg/10" } else { "/srv/pg/18" };
        let host = host
            .ssh(&format!("df -PkT {data}"), linux("/dev/sda1", "/srv"))
            .ssh(&format!("df -PkT {data}/pg_wal/"), linux("/dev/sda1", "/srv"))
            .ssh("df -PkT /srv/fast", linux("/dev/sdb1", "/srv/fast"));
        let run = host.collect::<SshDiskUsage>(&target);
        let purposes: Vec<&str> = run.rows(SET).iter().map(|row| row.labels[0].as_str()).collect();
        assert_eq!(purposes, ["data", "wal", "tablespace"]); // the log goes to standard error
    }
}

#[test]
fn relative_locations_lie_in_the_data_directory_and_others_are_refused() {
    let columns = [("data_directory", "text"), ("wal_directory", "text"), ("log_directory", "text")];
    let tablespaces: &[&[&str]] = &[&["gone", ""], &["in_place", "pg_tblspc/16400"]];
    let host = FakeHost::new()
        .postgres(PATHS[0].1, answer(&columns, &[&["C:/pg", "C:/pg/pg_wal/", "/var/log/pg"]]))
        .postgres(TABLESPACES, answer(&[("spcname", "name"), ("location", "text")], tablespaces))
        .ssh("df -PkT /var/log/pg", linux("/dev/sda1", "/"));
    let run = collect(host);
    let paths: Vec<_> = run.absences().iter().map(|(labels, _, _)| labels[2].to_owned()).collect();
    assert_eq!(paths, ["C:/pg", "C:/pg/pg_wal/", "C:/pg/pg_tblspc/16400"]);
    assert_eq!(run.rows(SET).len(), 1);
}

#[test]
fn malformed_answers_are_errors() {
    let run = collect(FakeHost::new().postgres(PATHS[0].1, answer(&[("data_directory", "text")], &[])));
    assert_eq!(*run.error(), ProbeError::Internal("expected one row, got 0".to_owned()));
}
