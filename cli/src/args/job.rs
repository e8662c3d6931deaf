//! Arguments that describe a job, and those of the commands about jobs.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args};

use super::connection::ConnectArgs;
use super::values::{Pair, duration, pair};
use crate::api::JobStatus;

/// What a job is and what it asks of the fleet.
#[derive(Debug, Clone, Args)]
pub(crate) struct JobSpecArgs {
    /// The job's name; without it, the command's
    #[arg(long, value_name = "NAME", help_heading = "Job")]
    pub(crate) name: Option<String>,

    /// GPUs in all
    #[arg(long, value_name = "COUNT", default_value_t = 1, help_heading = "GPUs")]
    pub(crate) gpus: i32,

    /// Thousandths of one GPU, to share it with others
    #[arg(long, value_name = "THOUSANDTHS", help_heading = "GPUs")]
    pub(crate) milli: Option<i32>,

    /// A type that will do, by words of its name: H100, "NVIDIA A100"; may be repeated
    #[arg(long = "gpu-type", value_name = "TYPE", action = ArgAction::Append, help_heading = "GPUs")]
    pub(crate) gpu_types: Vec<String>,

    /// Least memory of each GPU, in gigabytes
    #[arg(long, value_name = "GB", help_heading = "GPUs")]
    pub(crate) min_memory: Option<f64>,

    /// Lets its GPUs be on several hosts
    #[arg(long, help_heading = "GPUs")]
    pub(crate) multi_host: bool,

    /// CPU cores in all
    #[arg(long, value_name = "CORES", help_heading = "GPUs")]
    pub(crate) cpus: Option<f64>,

    /// Host memory in all, in gigabytes
    #[arg(long, value_name = "GB", help_heading = "GPUs")]
    pub(crate) memory: Option<f64>,

    /// A label that its hosts must have; may be repeated
    #[arg(long = "host-label", value_name = "KEY=VALUE", value_parser = pair, help_heading = "GPUs")]
    pub(crate) host_labels: Vec<Pair>,

    /// The model it trains or serves, to filter by
    #[arg(long, value_name = "MODEL", help_heading = "Job")]
    pub(crate) model_type: Option<String>,

    /// More is sooner, within the organization
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true, help_heading = "Job")]
    pub(crate) priority: i32,

    /// Ends it after so long: 90s, 15m, 1h30m, 2d
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Job")]
    pub(crate) time_limit: Option<Duration>,

    /// Runs it again so often when it fails
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Job")]
    pub(crate) max_retries: i32,

    /// Rests so long between a failed attempt and the next one, and twice as long after each further one
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "10s", help_heading = "Job")]
    pub(crate) retry_pause: Duration,

    /// A variable of its environment; the value is never shown again; may be repeated
    #[arg(long = "env", value_name = "KEY=VALUE", hide_env_values = true, value_parser = pair, help_heading = "Job")]
    pub(crate) env: Vec<Pair>,

    /// The directory on the host where it runs; without it, with a server on this machine, the present one
    #[arg(long, value_name = "DIR", help_heading = "Job")]
    pub(crate) workdir: Option<String>,

    /// A container image in which it runs: nvcr.io/nvidia/pytorch:24.05-py3, say
    #[arg(long, value_name = "IMAGE", help_heading = "Job")]
    pub(crate) image: Option<String>,

    /// A label of the job; may be repeated
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = pair, help_heading = "Job")]
    pub(crate) labels: Vec<Pair>,

    /// Starts it only after this job has succeeded; may be repeated
    #[arg(long = "after", value_name = "JOB", help_heading = "Job")]
    pub(crate) after: Vec<String>,
}

/// `gpu-fleet run`: submit and follow.
#[derive(Debug, Clone, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) spec: JobSpecArgs,

    /// The command and its arguments
    #[arg(value_name = "CMD", required = true, trailing_var_arg = true)]
    pub(crate) command: Vec<String>,

    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}

/// `gpu-fleet submit`: hand in and go.
#[derive(Debug, Clone, Args)]
pub(crate) struct SubmitArgs {
    #[command(flatten)]
    pub(crate) spec: JobSpecArgs,

    /// Keeps it from starting until gpu-fleet unhold
    #[arg(long, help_heading = "Job")]
    pub(crate) hold: bool,

    /// Submits the jobs of a file (- for standard input) instead, each a line of JSON as the API's SubmitJobInput; with
    /// --idempotency-key, the same file again submits only what is missing
    #[arg(long, value_name = "FILE", help_heading = "Job", conflicts_with_all = ["JobSpecArgs", "hold", "loan", "array", "command"])]
    pub(crate) from: Option<PathBuf>,

    /// Borrows GPUs without a command, until gpu-fleet release
    #[arg(long, conflicts_with = "command", help_heading = "Job")]
    pub(crate) loan: bool,

    /// The same key again returns the first submission's job and creates none
    #[arg(long, value_name = "KEY", help_heading = "Job")]
    pub(crate) idempotency_key: Option<String>,

    /// Submits it so often, and prints as many ids; each finds its number in GPU_FLEET_ARRAY_INDEX, from 0
    #[arg(long, value_name = "N", help_heading = "Job", value_parser = clap::value_parser!(i32).range(1..=1000))]
    pub(crate) array: Option<i32>,

    /// The command and its arguments
    #[arg(
        value_name = "CMD",
        required_unless_present_any = ["loan", "from"],
        trailing_var_arg = true
    )]
    pub(crate) command: Vec<String>,

    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}

/// `gpu-fleet jobs`.
#[derive(Debug, Clone, Args)]
pub(crate) struct JobsArgs {
    /// Only jobs in this state; may be repeated
    #[arg(long = "status", value_name = "STATUS", value_enum, ignore_case = true)]
    pub(crate) statuses: Vec<JobStatus>,

    /// Also jobs that have ended
    #[arg(long, conflicts_with = "statuses")]
    pub(crate) all: bool,

    /// No more than so many, newest first
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) limit: usize,

    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}

/// A command about one job.
#[derive(Debug, Clone, Args)]
pub(crate) struct JobArgs {
    /// The job: its id, or a unique beginning or end of it
    #[arg(value_name = "JOB")]
    pub(crate) id: String,

    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}

/// `gpu-fleet logs`.
#[derive(Debug, Clone, Args)]
pub(crate) struct LogsArgs {
    /// Goes on until the job has ended
    #[arg(long, short)]
    pub(crate) follow: bool,

    /// Without --follow: only so many of the newest lines
    #[arg(long, short = 'n', value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) lines: Option<u32>,

    /// Writes it to this file instead, both streams as they were written
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) job: JobArgs,
}

/// `gpu-fleet cancel`.
#[derive(Debug, Clone, Args)]
pub(crate) struct CancelArgs {
    /// The jobs
    #[arg(value_name = "JOB", required = true)]
    pub(crate) ids: Vec<String>,

    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,

    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}

/// `gpu-fleet priority`.
#[derive(Debug, Clone, Args)]
pub(crate) struct PriorityArgs {
    /// The job
    #[arg(value_name = "JOB")]
    pub(crate) id: String,

    /// Its new priority: more is sooner
    #[arg(value_name = "N", allow_negative_numbers = true)]
    pub(crate) priority: i32,

    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}

/// `gpu-fleet time-limit`.
#[derive(Debug, Clone, Args)]
pub(crate) struct TimeLimitArgs {
    /// The waiting job
    #[arg(value_name = "JOB")]
    pub(crate) id: String,

    /// Its new time limit: 90s, 15m, 1h30m, 2d
    #[arg(value_name = "DURATION", value_parser = duration)]
    pub(crate) limit: Duration,

    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}

/// `gpu-fleet allocate`.
#[derive(Debug, Clone, Args)]
pub(crate) struct AllocateArgs {
    /// The waiting job
    #[arg(value_name = "JOB")]
    pub(crate) job: String,

    /// The GPUs: an id, a UUID, or HOST/INDEX
    #[arg(value_name = "GPU", required = true)]
    pub(crate) gpus: Vec<String>,

    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}
