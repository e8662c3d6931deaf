//! Arguments of `gpu-fleet simulate`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use domain::plan::{PACKINGS, POLICIES, Policy};

use super::connection::ConnectArgs;
use super::values::{Pair, duration, pair};

/// `gpu-fleet simulate`.
#[derive(Debug, Clone, Args)]
#[command(after_help = after_help())]
pub(crate) struct SimulateArgs {
    /// The jobs: a CSV file with named columns, plain or gzip
    #[arg(long, value_name = "FILE", required_unless_present_any = ["reach", "history", "breach"])]
    pub(crate) jobs: Option<PathBuf>,

    /// The jobs that a server was given in so long a time (14d), on its hosts unless others are named
    #[arg(long, value_name = "DURATION", value_parser = duration, conflicts_with_all = ["jobs", "tenants", "order"])]
    pub(crate) history: Option<Duration>,

    /// What if there were so many more of the largest host; beside what is
    #[arg(long, value_name = "COUNT", default_value_t = 0, help_heading = "What if")]
    pub(crate) add_hosts: usize,

    /// What if this host were not there; beside what is; may be repeated
    #[arg(long, value_name = "NAME", help_heading = "What if")]
    pub(crate) without_host: Vec<String>,

    /// What if an organization might hold so many GPUs at most; beside what is; may be repeated
    #[arg(long, value_name = "ORG=GPUS", value_parser = pair, help_heading = "What if")]
    pub(crate) quota: Vec<Pair>,

    /// What if so many GPUs were an organization's own; beside what is; may be repeated
    #[arg(long, value_name = "ORG=GPUS", value_parser = pair, help_heading = "What if")]
    pub(crate) guarantee: Vec<Pair>,

    /// What if an organization had this weight; beside what is; may be repeated
    #[arg(long, value_name = "ORG=WEIGHT", value_parser = pair, help_heading = "What if")]
    pub(crate) weight: Vec<Pair>,

    /// The hosts: a CSV file with named columns, plain or gzip
    #[arg(long, value_name = "FILE", conflicts_with_all = ["nodes", "pool"])]
    pub(crate) hosts: Option<PathBuf>,

    /// So many equal hosts of so many GPUs, as 72x8
    #[arg(long, value_name = "HOSTSxGPUS", conflicts_with = "pool")]
    pub(crate) nodes: Option<String>,

    /// So many interchangeable GPUs
    #[arg(long, value_name = "GPUS")]
    pub(crate) pool: Option<usize>,

    /// How the files are to be read
    #[arg(long, value_enum, default_value_t = Format::Native)]
    pub(crate) format: Format,

    /// Weights, guarantees and ceilings: a CSV file with organization (or vc), weight, guaranteed_gpus, max_gpus
    #[arg(long, value_name = "FILE")]
    pub(crate) tenants: Option<PathBuf>,

    /// How the queue is served: see below
    #[arg(long, value_name = "POLICY", default_value = POLICIES[0].name)]
    pub(crate) policy: String,

    /// Where jobs go: see below; unless it is said, the policy's own way
    #[arg(long, value_name = "PLACEMENT")]
    pub(crate) placement: Option<String>,

    /// Each organization alone on its weighted share of the GPUs, as static quotas would have it
    #[arg(long)]
    pub(crate) split: bool,

    /// Offers the jobs of this file, a name a line, one by one; none ever ends
    #[arg(long, value_name = "FILE", requires = "arrivals_only")]
    pub(crate) order: Option<PathBuf>,

    /// Jobs only arrive, in the order of the file or of --order; what fits nowhere is dropped
    #[arg(long)]
    pub(crate) arrivals_only: bool,

    /// Where estimates of run times come from [default: trace; of a server's history: learned]
    #[arg(long, value_enum)]
    pub(crate) est: Option<Est>,

    /// Moves each arrival by up to so many seconds, at random
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub(crate) shake: i64,

    /// So many runs, each shaken differently
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    pub(crate) runs: u64,

    /// What random numbers are drawn from
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub(crate) seed: u64,

    /// Runs side by side; the outcome is the same with any number
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    pub(crate) threads: usize,

    /// Writes what became of each job to this file: job, start, end, host, GPUs
    #[arg(long, value_name = "FILE")]
    pub(crate) dump: Option<PathBuf>,

    /// Prints the table of reaches over a folder with the published traces instead
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["jobs", "hosts", "nodes", "pool", "history"])]
    pub(crate) reach: Option<PathBuf>,

    /// Plans again what a server has kept of a plan that broke a rule, and says whether it still does
    #[arg(long, value_name = "FILE", conflicts_with_all = ["jobs", "hosts", "nodes", "pool", "history", "reach"])]
    pub(crate) breach: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}

/// How files are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// job_id, submit_s, run_s, gpus; if need be organization, user, name, est_s, priority, gpu_milli, gpu_types
    /// (A|B), min_memory_gb, cpus, memory_gb. Hosts: name, gpus; if need be gpu_type, gpu_memory_gb, cpus, memory_gb
    Native,
    /// Alibaba's cluster-trace-gpu-v2023
    Openb,
    /// Microsoft's Philly traces as job_id, vc, submit_s, run_s, est_s, gpus
    Philly,
    /// The Standard Workload Format, one processor a GPU
    Swf,
}

/// Where estimates come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Est {
    /// The file's own
    Trace,
    /// The true run times
    Exact,
    /// Quantiles of past runs of the same organization, user and name
    Learned,
}

fn after_help() -> String {
    let policies = POLICIES.iter().map(|policy| format!("  {:10} {}", policy.name, policy.about));
    let packings = PACKINGS.iter().map(|(_, name, about)| format!("  {name:10} {about}"));
    let lines = |rows: Vec<String>| rows.join("\n");
    format!("Policies:\n{}\n\nPlacements:\n{}", lines(policies.collect()), lines(packings.collect()))
}

impl SimulateArgs {
    /// The name of the way in which jobs are placed.
    pub(crate) fn packing(&self) -> &str {
        let own = || Policy::named(&self.policy).unwrap_or_default().packing.name();
        self.placement.as_deref().unwrap_or_else(own)
    }

    /// The same, but for the hosts, which are those of a file.
    pub(crate) fn of_hosts(&self, file: &Path) -> Self {
        Self { hosts: Some(file.to_owned()), nodes: None, pool: None, ..self.clone() }
    }

    /// Whether something is to be otherwise than it is.
    pub(crate) fn asks_what_if(&self) -> bool {
        let Self { add_hosts, without_host, quota, guarantee, weight, .. } = self;
        let lists = [quota.len(), guarantee.len(), weight.len(), without_host.len()];
        *add_hosts > 0 || lists.iter().any(|length| *length > 0)
    }
}
