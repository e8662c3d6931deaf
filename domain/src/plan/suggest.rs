//! The smallest change to a waiting job that would start it now: each wish is given up alone, and the pass is planned
//! again with the job so changed. What is suggested has been tried, not guessed.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::JobId;
use crate::requirements::{GpuRequirements, WHOLE_GPU_MILLI, memory_gb};
use crate::snapshot::{Snapshot, WaitingJob};

use super::core::Core;
use super::load::{self, lengths};
use super::moment::{At, SECOND, moment};
use super::rules::Rules;
use super::wording;

/// A change that would start the job now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Suggestion {
    /// Its kind.
    pub code: SuggestionCode,
    /// A sentence with the numbers: "with 2 GPUs instead of 4: now, on b".
    pub message: String,
    /// What the job would ask for.
    pub requirements: GpuRequirements,
    /// How long it might run, where that is what changes, in seconds.
    pub time_limit_secs: Option<i64>,
    /// The names of the hosts that it would run on.
    pub hosts: Vec<String>,
}

/// The kinds of changes, those that give up least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SuggestionCode {
    /// A person lets it go.
    Release,
    /// It may lie on several hosts.
    SeveralHosts,
    /// It may run what is installed on its host, without its image.
    WithoutImage,
    /// Any type of GPU will do.
    AnyType,
    /// Its hosts need no labels.
    AnyLabels,
    /// Less memory of each GPU will do.
    LessGpuMemory,
    /// Fewer CPU cores will do.
    FewerCores,
    /// Less memory of its hosts will do.
    LessHostMemory,
    /// It is done before a promised job starts.
    ShorterRun,
    /// Fewer GPUs will do.
    FewerGpus,
    /// Half of its share of a GPU will do.
    SmallerShare,
}

/// Each single change that would start a waiting job now, those that give up least first; where there is none, those that
/// go together with fewer GPUs. None for a job that is not in the snapshot, or starts anyway.
#[must_use]
pub fn suggest(snapshot: &Snapshot, now: DateTime<Utc>, job: JobId) -> Vec<Suggestion> {
    let Some(job) = snapshot.waiting.iter().find(|waiting| waiting.id == job) else { return Vec::new() };
    let now = moment(now);
    let trial = Trial { core: load::core_with(snapshot, &Rules::default(), now, Some(job.id)), now, job };
    let unchanged = Wish::of(job);
    let starts = trial.start(&unchanged);
    if job.is_held_back() {
        let release = job.unfinished_dependencies.is_empty();
        let told = |hosts| trial.told(SuggestionCode::Release, "released", unchanged.clone(), hosts);
        return starts.filter(|_| release).map(told).into_iter().collect();
    }
    if starts.is_some() {
        return Vec::new();
    }
    let wishes = given_up(snapshot, &trial, job);
    let single = wishes.iter().filter_map(|(code, phrase, wish)| {
        trial.start(wish).map(|hosts| trial.told(*code, phrase, wish.clone(), hosts))
    });
    let mut found: Vec<Suggestion> = single.chain(trial.with_fewer(&unchanged, None)).collect();
    if found.is_empty() {
        let both =
            wishes.iter().filter_map(|(code, phrase, wish)| trial.with_fewer(wish, Some((*code, phrase))));
        found = both.collect();
    }
    found.sort_by_key(|one| one.code);
    found.dedup_by_key(|one| one.code);
    found
}

/// What a job asks for, and how long it is thought to run.
#[derive(Clone)]
struct Wish {
    requirements: GpuRequirements,
    needs_container: bool,
    estimate_secs: Option<i64>,
}

impl Wish {
    fn of(job: &WaitingJob) -> Self {
        Self {
            requirements: job.requirements.clone(),
            needs_container: job.needs_container,
            estimate_secs: job.estimate_secs,
        }
    }
}

/// The pass with one job changed.
struct Trial<'s> {
    core: Core<'s>,
    now: At,
    job: &'s WaitingJob,
}

impl Trial<'_> {
    /// The hosts on which the job would start now; nothing when it would not.
    fn start(&self, wish: &Wish) -> Option<Vec<String>> {
        let Wish { requirements, needs_container, estimate_secs } = wish.clone();
        let changed = WaitingJob { requirements, needs_container, estimate_secs, ..self.job.clone() };
        let mut core: Core<'_> = self.core.clone();
        core.change(&changed, lengths(&changed));
        core.pass(self.now);
        let parts = &core.running.get(&changed.id)?.parts;
        let mut hosts: Vec<usize> = parts.iter().map(|part| part.host).collect();
        hosts.sort_unstable();
        Some(hosts.into_iter().map(|host| core.fleet.hosts[host].state.name.clone()).collect())
    }

    /// The most GPUs, fewer than it asks for, with which it would start, beside what it gives up already.
    fn with_fewer(&self, wish: &Wish, also: Option<(SuggestionCode, &str)>) -> Option<Suggestion> {
        let asked = wish.requirements.count;
        let fewer = |count: i32| {
            let mut wish = wish.clone();
            wish.requirements.cpus = part(wish.requirements.cpus, count, asked);
            wish.requirements.memory_gb = part(wish.requirements.memory_gb, count, asked);
            wish.requirements.count = count;
            wish
        };
        let (mut works, mut fails, mut found) = (0, asked, None);
        while works + 1 < fails {
            let count = works + (fails - works) / 2;
            match self.start(&fewer(count)) {
                Some(hosts) => (works, found) = (count, Some(hosts)),
                None => fails = count,
            }
        }
        let phrase = format!("with {} instead of {asked}", wording::gpus(i64::from(works) * 1000));
        let phrase = also.map_or_else(|| phrase.clone(), |(_, also)| format!("{also} and {phrase}"));
        let code = also.map_or(SuggestionCode::FewerGpus, |(code, _)| code);
        found.map(|hosts| self.told(code, &phrase, fewer(works), hosts))
    }

    fn told(&self, code: SuggestionCode, phrase: &str, wish: Wish, hosts: Vec<String>) -> Suggestion {
        let message = format!("{phrase}: now, on {}", wording::some_of(&hosts, " and "));
        let time_limit_secs = wish.estimate_secs.filter(|_| wish.estimate_secs != self.job.estimate_secs);
        Suggestion { code, message, requirements: wish.requirements, time_limit_secs, hosts }
    }

    /// For how many seconds it may run before the first promised job is to start.
    fn secs_left(&self) -> Option<i64> {
        let mut core = self.core.clone();
        let outcome = core.pass(self.now);
        let promised = outcome.promises.iter().filter(|promise| promise.job() != self.job.id);
        let at = promised.filter_map(super::core::Promise::moment).min()?;
        let secs = (at - self.now) / SECOND;
        Some(if secs >= 60 { secs - secs % 60 } else { secs })
    }
}

/// An amount for fewer GPUs, in proportion.
fn part(amount: Option<f64>, count: i32, asked: i32) -> Option<f64> {
    amount.map(|amount| amount * f64::from(count) / f64::from(asked.max(1)))
}

/// The job's wishes, each given up alone: what kind of change, how it is said, what is asked then.
fn given_up(snapshot: &Snapshot, trial: &Trial<'_>, job: &WaitingJob) -> Vec<(SuggestionCode, String, Wish)> {
    let asked = &job.requirements;
    let mut wishes = Vec::new();
    let mut add = |code, phrase: String, change: &dyn Fn(&mut Wish)| {
        let mut wish = Wish::of(job);
        change(&mut wish);
        wishes.push((code, phrase, wish));
    };
    if asked.single_host && asked.count > 1 {
        let several = |wish: &mut Wish| wish.requirements.single_host = false;
        add(SuggestionCode::SeveralHosts, "on several hosts".to_owned(), &several);
    }
    if job.needs_container {
        let without = |wish: &mut Wish| wish.needs_container = false;
        add(SuggestionCode::WithoutImage, "without its image".to_owned(), &without);
    }
    if !asked.gpu_types.is_empty() {
        let any = |wish: &mut Wish| wish.requirements.gpu_types.clear();
        add(SuggestionCode::AnyType, format!("without the type {}", wording::types(asked)), &any);
    }
    if !asked.labels.is_empty() {
        let any = |wish: &mut Wish| wish.requirements.labels.clear();
        let labels = wording::labels(&asked.labels);
        add(SuggestionCode::AnyLabels, format!("without the label {labels}"), &any);
    }
    for less in smaller_cards(snapshot, asked.min_memory_gb) {
        let most = asked.min_memory_gb.unwrap_or_default();
        let smaller = |wish: &mut Wish| wish.requirements.min_memory_gb = Some(less);
        let phrase = format!("with {less} GB of GPU memory instead of {most}");
        add(SuggestionCode::LessGpuMemory, phrase, &smaller);
    }
    for parts in [2.0, 4.0, 8.0] {
        if let Some(cores) = asked.cpus.filter(|cores| cores / parts >= 1.0) {
            let fewer = |wish: &mut Wish| wish.requirements.cpus = Some(cores / parts);
            let phrase = format!("with {} CPU cores instead of {cores}", cores / parts);
            add(SuggestionCode::FewerCores, phrase, &fewer);
        }
        if let Some(gb) = asked.memory_gb.filter(|gb| gb / parts >= 1.0) {
            let less = |wish: &mut Wish| wish.requirements.memory_gb = Some(gb / parts);
            let phrase = format!("with {} GB of host memory instead of {gb}", gb / parts);
            add(SuggestionCode::LessHostMemory, phrase, &less);
        }
        let share = asked.milli / parts as i32;
        if asked.count == 1 && share >= 50 {
            let smaller = |wish: &mut Wish| wish.requirements.milli = share;
            let of_a_gpu = |milli: i32| f64::from(milli) / f64::from(WHOLE_GPU_MILLI);
            let phrase = format!("with {} of a GPU instead of {}", of_a_gpu(share), of_a_gpu(asked.milli));
            add(SuggestionCode::SmallerShare, phrase, &smaller);
        }
    }
    if let Some(secs) =
        trial.secs_left().filter(|secs| *secs > 0 && job.estimate_secs.is_none_or(|now| now > *secs))
    {
        let shorter = |wish: &mut Wish| wish.estimate_secs = Some(secs);
        add(SuggestionCode::ShorterRun, format!("with a time limit of {}", wording::length(secs)), &shorter);
    }
    wishes
}

/// The memory of the fleet's cards in decimal gigabytes, rounded down, less than this much, largest first.
fn smaller_cards(snapshot: &Snapshot, than: Option<f64>) -> Vec<f64> {
    let Some(than) = than else { return Vec::new() };
    let cards = snapshot.hosts.iter().flat_map(|host| &host.gpus);
    let mut sizes: Vec<f64> =
        cards.map(|gpu| memory_gb(gpu.memory_mib).floor()).filter(|gb| *gb < than).collect();
    sizes.sort_unstable_by(|a, b| b.total_cmp(a));
    sizes.dedup();
    sizes
}
