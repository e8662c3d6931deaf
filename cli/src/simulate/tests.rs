//! Small files, read and replayed as a user would.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests stop at the first surprise")]

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Parser;

use super::csv_file::{Rows, text};
use super::{jobs, queueing, swf, tenants, what_if};
use crate::args::simulate::Format;
use crate::args::{Cli, Command};

fn file(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn columns_go_by_name_and_organizations_keep_their_weights() {
    let folder = tempfile::tempdir().unwrap();
    let weights = file(folder.path(), "w.csv", "weight,vc\n4,b\n");
    let trace = file(folder.path(), "t.csv", "gpus,run_s,submit_s,vc,job_id\n2,5,9,a,late\n1,5,3,b,early\n");
    let mut known = tenants::read(Some(&weights)).unwrap();
    let (read, names) = jobs::read(&trace, Format::Philly, 8, &mut known).unwrap();
    assert_eq!(names, ["early", "late"]);
    let found: Vec<(i64, i32)> =
        read.iter().map(|job| (job.submit_secs, job.job.requirements.count)).collect();
    assert_eq!(found, [(3, 1), (9, 2)]);
    let weights: Vec<f64> = known.organizations.iter().map(|one| one.weight).collect();
    assert_eq!(weights, [4.0, 1.0]);
}

#[test]
fn what_is_malformed_is_told_with_its_place() {
    let rows = Rows::parse("t.csv", "job_id,gpus\na,1\nb,two\n", &["job_id"]).unwrap();
    let told = rows.iter().find_map(|row| row.whole("gpus", 1).err()).unwrap();
    assert_eq!(
        told.to_string(),
        "t.csv, line 3, column gpus: expected a whole number of at least 1, found 'two'"
    );
    let told = Rows::parse("t.csv", "a,b\n1,2\n", &["gpus"]).err().unwrap();
    assert_eq!(told.to_string(), "t.csv, line 1: expected a column gpus; there are a, b");
    let told = Rows::parse("t.csv", "a,b\n1,2\n1\n", &[]).err().unwrap();
    assert_eq!(told.to_string(), "t.csv, line 3: expected as many fields as the first line has");
}

#[test]
fn gzip_is_unpacked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv.gz");
    let mut packed =
        flate2::write::GzEncoder::new(std::fs::File::create(&path).unwrap(), flate2::Compression::fast());
    packed.write_all(b"a\n1\n").unwrap();
    packed.finish().unwrap();
    assert_eq!(text(&path).unwrap(), "a\n1\n");
}

#[test]
fn the_standard_workload_format_is_read_and_its_errors_placed() {
    let line = "7 100 -1 60 4 -1 -1 8 120 -1 1 3 2 5 -1 -1 -1 -1";
    let read = swf::read("t.swf", &format!("; a comment\n{line}\n")).unwrap();
    assert_eq!((read[0].submit_secs, read[0].run_secs, read[0].requirements.count), (100, 60, 8));
    assert_eq!(read[0].estimate_secs, Some(120));
    let told = swf::read("t.swf", "7 x -1 60").err().unwrap();
    assert!(told.to_string().starts_with("t.swf, line 1, field"), "{told}");
}

/// Two organizations that share two hosts, and what happens to them when something is otherwise.
#[test]
fn what_if_changes_the_world_and_names_what_it_does_not_know() {
    let folder = tempfile::tempdir().unwrap();
    let trace =
        file(folder.path(), "t.csv", "job_id,organization,submit_s,run_s,gpus\na,lab,0,10,4\nb,lab,0,10,4\n");
    let case = |more: &[&str]| {
        let words = ["gpu-fleet", "simulate", "--jobs", trace.to_str().unwrap(), "--nodes", "1x4"];
        let cli = Cli::try_parse_from(words.iter().chain(more)).unwrap();
        let Command::Simulate(args) = cli.command else { panic!("another command") };
        (super::from_files(&args).unwrap(), args)
    };
    let waits = |more: &[&str]| {
        let (case, args) = case(more);
        let terms = super::terms(&args).unwrap();
        let changed = what_if::changed(&args, &case).unwrap();
        queueing::all(&args, &changed, &terms)[0].metrics.clone()
    };
    assert_eq!(waits(&[]).wait.max, 10.0);
    assert_eq!(waits(&["--add-hosts", "1"]).wait.max, 0.0);
    assert_eq!(waits(&["--quota", "lab=2"]).never_placed, 2);
    assert_eq!(waits(&["--without-host", "host-00000"]).never_placed, 2);
    let refused = |more: &[&str]| {
        let (case, args) = case(more);
        what_if::changed(&args, &case).unwrap_err().to_string()
    };
    assert_eq!(refused(&["--quota", "labb=2"]), "--quota: there is no organization labb; there are lab");
    assert_eq!(
        refused(&["--weight", "lab=heavy"]),
        "--weight: expected a number of at least 0 for lab, found 'heavy'"
    );
    assert_eq!(refused(&["--without-host", "a"]), "--without-host: there is no host a");
}

#[test]
fn a_kept_breach_is_planned_again() {
    let folder = tempfile::tempdir().unwrap();
    let kept = serde_json::json!({
        "at": "2026-01-01T00:00:00Z", "minRunSecs": 600,
        "breaches": [{ "code": "OVER_ALLOCATED", "message": "so it was" }],
        "snapshot": domain::snapshot::Snapshot::default(),
    });
    let good = file(folder.path(), "breach.json", &kept.to_string());
    let bad = file(folder.path(), "other.json", "{\"at\": 1}");
    let replay = |path: &Path| {
        let words = ["gpu-fleet", "simulate", "--breach", path.to_str().unwrap()];
        let Command::Simulate(args) = Cli::try_parse_from(words).unwrap().command else {
            panic!("another command")
        };
        super::breach::replay(path, &args)
    };
    replay(&good).unwrap();
    assert!(replay(&bad).unwrap_err().to_string().contains("other.json: invalid type"));
}
