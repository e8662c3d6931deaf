//! Each bound: the last value that is accepted, the first that is refused, and the field that is named.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn valid() -> JobSpec {
    JobSpec { name: "train".to_owned(), ..JobSpec::default() }
}

/// Changes a valid submission, and tells which field is refused.
fn refused(change: impl FnOnce(&mut JobSpec)) -> Option<String> {
    let mut spec = valid();
    change(&mut spec);
    check(&spec).err().map(|invalid| invalid.field)
}

fn accepts(change: impl FnOnce(&mut JobSpec)) {
    assert_eq!(refused(change), None);
}

fn refuses(field: &str, change: impl FnOnce(&mut JobSpec)) {
    assert_eq!(refused(change).as_deref(), Some(field));
}

fn label(key: impl Into<String>, value: impl Into<String>) -> Label {
    Label { key: key.into(), value: value.into() }
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn variable(name: &str) -> Vec<(String, String)> {
    vec![(name.to_owned(), "x".to_owned())]
}

#[test]
fn a_name_is_short_and_printable() {
    accepts(|job| job.name = "é".repeat(200));
    refuses("name", |job| job.name = "é".repeat(201));
    refuses("name", |job| job.name = "x".repeat(1_000_000));
    for name in ["", "  \t", "a\nb", "a\0b", "a\u{9b}b"] {
        refuses("name", |job| job.name = name.to_owned());
    }
}

#[test]
fn a_model_type_is_short_when_there_is_one() {
    accepts(|job| job.model_type = Some("x".repeat(100)));
    refuses("modelType", |job| job.model_type = Some("x".repeat(101)));
    refuses("modelType", |job| job.model_type = Some(String::new()));
}

#[test]
fn a_share_is_of_one_gpu() {
    accepts(|job| job.requirements.milli = 1);
    refuses("requirements.milli", |job| job.requirements.milli = 0);
    refuses("requirements.milli", |job| job.requirements.milli = 1001);
    refuses("requirements.milli", |job| (job.requirements.count, job.requirements.milli) = (2, 500));
}

#[test]
fn a_count_is_one_to_4096() {
    accepts(|job| job.requirements.count = 4096);
    for count in [0, -1, 4097, 1_000_000_000, i32::MIN] {
        refuses("requirements.count", |job| job.requirements.count = count);
    }
}

#[test]
fn amounts_are_finite_and_positive() {
    accepts(|job| job.requirements.min_memory_gb = Some(10_000.0));
    refuses("requirements.minMemoryGb", |job| job.requirements.min_memory_gb = Some(10_000.1));
    for wrong in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        refuses("requirements.minMemoryGb", |job| job.requirements.min_memory_gb = Some(wrong));
        refuses("requirements.cpus", |job| job.requirements.cpus = Some(wrong));
        refuses("requirements.memoryGb", |job| job.requirements.memory_gb = Some(wrong));
    }
}

#[test]
fn few_gpu_types_can_be_named() {
    accepts(|job| job.requirements.gpu_types = vec!["x".repeat(100); 16]);
    refuses("requirements.gpuTypes", |job| job.requirements.gpu_types = vec!["x".to_owned(); 17]);
    refuses("requirements.gpuTypes[1]", |job| job.requirements.gpu_types = strings(&["A100", ""]));
    refuses("requirements.gpuTypes[0]", |job| job.requirements.gpu_types = vec!["x".repeat(101)]);
}

#[test]
fn labels_are_few_and_their_keys_plain_and_unique() {
    accepts(|job| job.labels = (0..64).map(|n| label(format!("team/n_{n}.x-y"), "é".repeat(255))).collect());
    refuses("labels", |job| job.labels = (0..10_000).map(|n| label(n.to_string(), "")).collect());
    refuses("labels[0].key", |job| job.labels = vec![label("", "x")]);
    refuses("labels[0].key", |job| job.labels = vec![label("a b", "x")]);
    refuses("labels[0].key", |job| job.labels = vec![label("x".repeat(64), "x")]);
    refuses("labels[0].value", |job| job.labels = vec![label("a", "x".repeat(256))]);
    refuses("labels[1]", |job| job.labels = vec![label("a", "x"), label("a", "y")]);
    refuses("requirements.labels[0].key", |job| job.requirements.labels = vec![label("=", "x")]);
}

#[test]
fn a_command_has_a_program_and_no_nul() {
    accepts(|job| job.command = Some(strings(&["python", "", "a b"])));
    accepts(|job| job.command = Some(vec!["x".repeat(64); 1024]));
    refuses("command", |job| job.command = Some(vec![]));
    refuses("command", |job| job.command = Some(vec!["x".to_owned(); 1025]));
    refuses("command", |job| job.command = Some(vec!["x".repeat(65_537)]));
    refuses("command[0]", |job| job.command = Some(strings(&[""])));
    refuses("command[2]", |job| job.command = Some(strings(&["python", "-c", "a\0"])));
}

#[test]
fn the_environment_leaves_alone_what_the_fleet_and_the_loader_use() {
    for name in ["LD_LIBRARY_PATH", "_", "cuda_x9", "MY_GPU_FLEET_"] {
        accepts(|job| job.env = variable(name));
    }
    let reserved = [
        "LD_PRELOAD",
        "LD_AUDIT",
        "LD_DEBUG",
        "GLIBC_TUNABLES",
        "CUDA_VISIBLE_DEVICES",
        "CUDA_DEVICE_ORDER",
        "NVIDIA_VISIBLE_DEVICES",
        "GPU_FLEET_JOB",
    ];
    for name in reserved.into_iter().chain(["", "9A", "A-B", "A=B", "Ä", "A\0"]) {
        refuses("env[0].name", |job| job.env = variable(name));
    }
}

#[test]
fn the_environment_is_small_and_its_names_are_unique() {
    accepts(|job| job.env = (0..256).map(|n| (format!("A{n}"), String::new())).collect());
    refuses("env", |job| job.env = (0..257).map(|n| (format!("A{n}"), String::new())).collect());
    refuses("env", |job| job.env = vec![("A".to_owned(), "x".repeat(65_536))]);
    refuses("env[0].value", |job| job.env = vec![("A".to_owned(), "\0".to_owned())]);
    refuses("env[1]", |job| job.env = [variable("A"), variable("A")].concat());
}

#[test]
fn a_workdir_is_an_absolute_path() {
    accepts(|job| job.workdir = Some(format!("/{}", "x".repeat(4095))));
    refuses("workdir", |job| job.workdir = Some(format!("/{}", "x".repeat(4096))));
    for workdir in ["", "home", "/a\0"] {
        refuses("workdir", |job| job.workdir = Some(workdir.to_owned()));
    }
}

/// A job that runs something in an image.
fn runs_in(job: &mut JobSpec, image: &str) {
    (job.image, job.command) = (Some(image.to_owned()), Some(strings(&["true"])));
}

#[test]
fn an_image_is_a_reference_to_a_registry() {
    let digest = format!("@sha256:{}", "a1".repeat(32));
    let good = [
        "busybox",
        "busybox:1.36",
        "nvcr.io/nvidia/pytorch:24.05-py3",
        "localhost:5000/a/b_c.d--e:X",
        "a__b",
    ];
    for image in good.map(str::to_owned).into_iter().chain([format!("a/b{digest}"), format!("a:v1{digest}")])
    {
        accepts(|job| runs_in(job, &image));
    }
    let bad = [
        "",
        "-v",
        "--privileged",
        "a b",
        "/etc",
        "a/",
        "a//b",
        "Busybox",
        "a:",
        "a:-x",
        "a@sha256:ab",
        "a@md5:ab",
        "docker://a",
        "dir:/etc",
        "docker-archive:/x.tar",
        "a..b",
        "a___b",
        "a.:1",
        "host:99999/a",
        "ä",
        "a\0",
        "a\n",
    ];
    for image in bad {
        refuses("image", |job| runs_in(job, image));
    }
    refuses("image", |job| runs_in(job, &"a".repeat(513)));
    refuses("image", |job| (job.image, job.command) = (Some("a".to_owned()), None));
}

#[test]
fn a_variable_for_a_container_is_one_line() {
    accepts(|job| job.env = vec![("A".to_owned(), "1\n2".to_owned())]);
    refuses("env[0].value", |job| {
        runs_in(job, "a");
        job.env = vec![("A".to_owned(), "1\n2".to_owned())];
    });
}

#[test]
fn numbers_stay_in_their_ranges() {
    accepts(|job| (job.priority, job.max_retries, job.time_limit_seconds) = (-1000, 100, Some(31_536_000)));
    refuses("priority", |job| job.priority = 1001);
    refuses("priority", |job| job.priority = i32::MIN);
    refuses("maxRetries", |job| job.max_retries = -1);
    refuses("maxRetries", |job| job.max_retries = 101);
    refuses("retryPauseSeconds", |job| job.retry_pause_seconds = -1);
    refuses("retryPauseSeconds", |job| job.retry_pause_seconds = 86_401);
    refuses("timeLimitSeconds", |job| job.time_limit_seconds = Some(0));
    refuses("timeLimitSeconds", |job| job.time_limit_seconds = Some(31_536_001));
}

#[test]
fn dependencies_are_few_and_unique() {
    let job_id = |n: u128| JobId(Uuid::from_u128(n));
    accepts(|job| job.depends_on = (0..64).map(job_id).collect());
    refuses("dependsOn", |job| job.depends_on = (0..65).map(job_id).collect());
    refuses("dependsOn[1]", |job| job.depends_on = vec![job_id(1), job_id(1)]);
}

#[test]
fn an_idempotency_key_is_printable_ascii() {
    accepts(|job| job.idempotency_key = Some("~".repeat(200)));
    for key in [String::new(), "~".repeat(201), "é".to_owned(), "\n".to_owned()] {
        refuses("idempotencyKey", |job| job.idempotency_key = Some(key));
    }
}

#[test]
fn organizations_and_hosts_have_plain_names() {
    for (slug, accepted) in
        [("default", true), ("a-1", true), ("", false), ("A", false), ("-a", false), ("a_b", false)]
    {
        assert_eq!(check_slug(slug).is_ok(), accepted, "{slug}");
    }
    assert!(check_slug(&"a".repeat(40)).is_ok() && check_slug(&"a".repeat(41)).is_err());
    assert!(check_host_name("gpu-01.Example.org").is_ok() && check_host_name("a b").is_err());
    assert!(check_host_name("").is_err() && check_host_name(&"a".repeat(254)).is_err());
    assert!(check_org_name("Vision team").is_ok() && check_org_name(" ").is_err());
}

#[test]
fn weights_and_quotas_are_finite_and_consistent() {
    assert!(check_weight(0.001).is_ok() && check_weight(1000.0).is_ok());
    for wrong in [0.0, -1.0, 1000.1, f64::NAN, f64::INFINITY] {
        assert!(check_weight(wrong).is_err(), "{wrong}");
    }
    assert!(check_quota(Some(2.0), Some(2.0), Some(0)).is_ok() && check_quota(None, None, None).is_ok());
    let field = |result: Result<(), InvalidInput>| result.unwrap_err().field;
    assert_eq!(field(check_quota(Some(3.0), Some(2.0), None)), "quota.maxGpus");
    assert_eq!(field(check_quota(Some(-1.0), None, None)), "quota.guaranteedGpus");
    assert_eq!(field(check_quota(None, Some(f64::NAN), None)), "quota.maxGpus");
    assert_eq!(field(check_quota(None, None, Some(-1))), "quota.maxQueuedJobs");
}

proptest! {
    #[test]
    fn no_text_makes_the_check_panic_or_is_repeated(text in "[^a-z ]{8,40}", count: i32, number: f64) {
        let mut spec = valid();
        spec.name.clone_from(&text);
        spec.requirements.count = count;
        spec.requirements.cpus = Some(number);
        spec.command = Some(vec![text.clone()]);
        spec.env = variable(&text);
        if let Err(invalid) = check(&spec) {
            prop_assert!(!invalid.to_string().contains(&text));
        }
    }
}
