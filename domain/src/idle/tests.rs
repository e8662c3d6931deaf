//! What must hold of every history: drawn at random, and lived through minute by minute as a server does.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chrono::{DateTime, TimeDelta, Utc};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const BEGIN: i64 = 29_000_000;
const LEAST: u32 = 6;

/// What a card may show in a minute: nothing, too little, an idle minute, work, or work that power alone tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Nothing,
    Little,
    Blind,
    Idle,
    Work,
    Power,
}

impl Shown {
    fn minute(self) -> Option<Minute> {
        let (samples, peak, watts) = match self {
            Self::Nothing => return None,
            Self::Little => (LEAST - 1, Some(0.0), 70.0),
            Self::Blind => (12, None, 70.0),
            Self::Idle => (12, Some(1.0), 71.0),
            Self::Work => (12, Some(80.0), 75.0),
            Self::Power => (12, Some(0.0), 300.0),
        };
        Some(Minute { samples, peak_percent: peak, power_watts: Some(watts) })
    }

    fn is_seen(self) -> bool {
        matches!(self, Self::Idle | Self::Work | Self::Power)
    }
}

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp((BEGIN + minute) * 60, 0).unwrap()
}

/// The moment at which a minute has just been written.
fn written(minute: i64) -> DateTime<Utc> {
    at(minute + 1) + TimeDelta::seconds(WRITTEN_AFTER_SECONDS)
}

fn course(policy: &Policy, cards: &[Vec<Shown>], warning: Option<&Warning>, now: DateTime<Utc>) -> Course {
    let mut course = Course::new(policy, at(0), warning, now);
    for card in cards {
        course.add(LEAST, |minute| {
            card.get(usize::try_from(minute - BEGIN).ok()?).and_then(|shown| shown.minute())
        });
    }
    course
}

/// Everything that is decided about a job in its life, with the minute that was the newest then.
fn live(policy: &Policy, cards: &[Vec<Shown>]) -> Vec<(i64, Decision)> {
    let mut standing: Option<Warning> = None;
    let mut decided = Vec::new();
    for minute in 0..i64::try_from(cards[0].len()).unwrap() {
        let now = written(minute);
        let decision = decide(policy, &course(policy, cards, standing.as_ref(), now), standing.as_ref(), now);
        match decision {
            Decision::Nothing => continue,
            Decision::Warn(warning, _) => standing = Some(warning),
            Decision::Withdraw(_) => standing = None,
            Decision::Act(Action::Stop, _) => {
                decided.push((minute, decision));
                break;
            }
            Decision::Act(..) => standing = standing.map(|warning| Warning { acted: true, ..warning }),
        }
        decided.push((minute, decision));
    }
    decided
}

fn policies() -> impl Strategy<Value = Policy> {
    let action = prop_oneof![Just(Action::Nothing), Just(Action::Notify), Just(Action::Stop)];
    (action, 1..8, 1..8).prop_map(|(action, window_minutes, grace_minutes)| Policy {
        action,
        window_minutes,
        grace_minutes,
        utilization_percent: 5,
    })
}

fn lives() -> impl Strategy<Value = Vec<Vec<Shown>>> {
    let shown = prop_oneof![
        1 => Just(Shown::Nothing), 1 => Just(Shown::Little), 1 => Just(Shown::Blind),
        30 => Just(Shown::Idle), 2 => Just(Shown::Work), 1 => Just(Shown::Power),
    ];
    (1..3usize, 1..60usize).prop_flat_map(move |(cards, minutes)| vec(vec(shown.clone(), minutes), cards))
}

/// The minutes of a window that ends with this one, of all cards.
fn window(cards: &[Vec<Shown>], last: i64, minutes: i32) -> impl Iterator<Item = Shown> {
    let range = last + 1 - i64::from(minutes)..last + 1;
    cards.iter().flat_map(move |card| {
        let range = range.clone();
        range.filter_map(|minute| card.get(usize::try_from(minute).ok()?).copied())
    })
}

proptest! {
    #[test]
    fn who_worked_or_was_not_seen_in_the_window_is_neither_warned_nor_stopped(policy in policies(), cards in lives()) {
        for (minute, decision) in live(&policy, &cards) {
            if matches!(decision, Decision::Warn(..) | Decision::Act(..)) {
                prop_assert!(minute >= i64::from(policy.window_minutes) - 1, "before its window was full");
                for shown in window(&cards, minute, policy.window_minutes) {
                    // Power is work where there is a minute to compare it with.
                    let works = shown == Shown::Work
                        || (shown == Shown::Power && window(&cards, minute, policy.window_minutes).any(|it| it == Shown::Idle)
                            && cards.len() == 1);
                    prop_assert!(shown.is_seen() && !works, "minute {minute}: {shown:?}");
                }
            }
        }
    }

    #[test]
    fn nothing_is_done_without_a_warning_a_grace_before(policy in policies(), cards in lives()) {
        let mut warned: Option<Warning> = None;
        for (minute, decision) in live(&policy, &cards) {
            match decision {
                Decision::Warn(warning, _) => warned = Some(warning),
                Decision::Withdraw(_) => warned = None,
                Decision::Act(action, _) => {
                    let warning = warned.expect("a warning that was not taken back");
                    prop_assert_eq!(action, warning.action);
                    let waited = written(minute) - warning.at;
                    prop_assert!(waited >= TimeDelta::minutes(i64::from(policy.grace_minutes)));
                    for shown in window(&cards, minute, policy.grace_minutes) {
                        prop_assert!(shown.is_seen() && shown != Shown::Work, "in the grace: {:?}", shown);
                    }
                }
                Decision::Nothing => {}
            }
        }
    }

    #[test]
    fn nobody_is_judged_where_nobody_wants_to_know(cards in lives()) {
        let policy = Policy { action: Action::Nothing, window_minutes: 1, grace_minutes: 1, utilization_percent: 5 };
        prop_assert!(live(&policy, &cards).is_empty());
    }

    #[test]
    fn the_same_history_is_judged_the_same(policy in policies(), cards in lives()) {
        prop_assert_eq!(live(&policy, &cards), live(&policy, &cards));
    }

    #[test]
    fn an_idle_job_is_warned_and_dealt_with(policy in policies(), settled in 0..5i64) {
        let minutes = usize::try_from(policy.window_minutes + policy.grace_minutes).unwrap() + 20;
        let decided = live(&policy, &[vec![Shown::Idle; minutes + usize::try_from(settled).unwrap()]]);
        let kinds: Vec<_> = decided.iter().map(|(_, decision)| std::mem::discriminant(decision)).collect();
        prop_assert_eq!(kinds.len(), if policy.action == Action::Nothing { 0 } else { 2 });
    }
}

fn policy(action: Action) -> Policy {
    Policy { action, window_minutes: 3, grace_minutes: 2, utilization_percent: 5 }
}

/// In letters: idle, work, power, nothing told.
fn told(text: &str) -> Vec<Shown> {
    let shown = |letter| match letter {
        'i' => Shown::Idle,
        'w' => Shown::Work,
        'p' => Shown::Power,
        _ => Shown::Nothing,
    };
    text.chars().map(shown).collect()
}

/// Warned, withdrawn and acted, each with its minute.
fn story(policy: &Policy, cards: &[&str]) -> String {
    let cards: Vec<_> = cards.iter().map(|card| told(card)).collect();
    let word = |(minute, decision): (i64, Decision)| match decision {
        Decision::Nothing => format!("nothing@{minute}"),
        Decision::Warn(..) => format!("warn@{minute}"),
        Decision::Withdraw(_) => format!("withdraw@{minute}"),
        Decision::Act(action, _) => format!("{}@{minute}", action.as_str().to_lowercase()),
    };
    live(policy, &cards).into_iter().map(word).collect::<Vec<_>>().join(" ")
}

#[test]
fn cases() {
    let (stop, notify) = (policy(Action::Stop), policy(Action::Notify));
    // The first minute of three is for loading; three idle ones follow.
    assert_eq!(story(&stop, &["iiiiiiii"]), "warn@3 stop@5");
    assert_eq!(story(&notify, &["iiiiiiiiiiii"]), "warn@3 notify@5");
    assert_eq!(story(&stop, &["iiiiwiiiii"]), "warn@3 withdraw@4 warn@7 stop@9");
    assert_eq!(story(&stop, &["iiiipiii"]), "warn@3 withdraw@4 warn@7");
    assert_eq!(story(&stop, &["wwwwwwiiiii"]), "warn@8 stop@10");
    assert_eq!(story(&stop, &["iii.iiiiii"]), "warn@6 stop@8");
    // A gap in the grace is no use, and no proof either: it is acted on once the window is whole again.
    assert_eq!(story(&stop, &["iiii.iiiii"]), "warn@3 stop@7");
    // One GPU of a job works, or cannot be seen: so the job is not judged.
    assert_eq!(story(&stop, &["iiiiiiii", "wwwwwwww"]), "");
    assert_eq!(story(&stop, &["iiiiiiii", "........"]), "");
}

#[test]
fn what_was_announced_is_what_is_done() {
    let cards = [told("iiiiiiiiii")];
    let notified =
        Warning { since: at(1), at: written(3), action: Action::Notify, acts_at: written(5), acted: true };
    let now = written(6);
    let stop = policy(Action::Stop);
    let decision = decide(&stop, &course(&stop, &cards, Some(&notified), now), Some(&notified), now);
    let Decision::Warn(warning, figures) = decision else { panic!("{decision:?}") };
    assert_eq!((warning.action, warning.acts_at), (Action::Stop, now + TimeDelta::minutes(2)));
    assert_eq!((figures.percent, figures.watts, figures.minutes), (1.0, Some(71.0), 3));
    let off = policy(Action::Nothing);
    let decision = decide(&off, &course(&off, &cards, Some(&notified), now), Some(&notified), now);
    assert_eq!(decision, Decision::Withdraw(Withdrawal::PolicyOff));
}

#[test]
fn the_label_exempts() {
    let label = |value: &str| Label { key: "gpu-fleet/idle".into(), value: value.into() };
    assert!(is_exempt(&[label("allowed")]));
    assert!(!is_exempt(&[label("yes")]) && !is_exempt(&[]));
}
