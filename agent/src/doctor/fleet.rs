//! The way to the server: whether it answers, knows this host, and has the same time.

use super::Finding;
use super::facts::{Facts, Server, ServerAnswer, Token};

/// Clocks that differ by more confuse people who read logs; nothing is decided by them.
const MUCH_SKEW_SECS: i64 = 5;

pub(super) fn examine(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(server) = &facts.server {
        findings.push(reach(server));
        findings.extend(server.answer.as_ref().ok().map(clock));
    }
    findings.push(token(facts));
    findings
}

fn reach(server: &Server) -> Finding {
    const CHECK: &str = "server";
    let url = &server.url;
    match &server.answer {
        Ok(ServerAnswer { status: 200, .. }) => Finding::ok(CHECK, format!("{url} answers")),
        Ok(ServerAnswer { status, .. }) => Finding::fail(
            CHECK,
            format!(
                "{url} answers with status {status}: it is no server of this kind, or something stands before it"
            ),
            format!("curl -i {url}/healthz"),
        ),
        Err(why) => {
            Finding::fail(CHECK, format!("{url} cannot be reached: {why}"), format!("curl -v {url}/healthz"))
        }
    }
}

fn clock(answer: &ServerAnswer) -> Finding {
    const CHECK: &str = "clock";
    match answer.ahead_secs {
        None => Finding::ok(CHECK, "the server does not tell its time"),
        Some(ahead) if ahead.abs() > MUCH_SKEW_SECS => {
            let side = if ahead > 0 { "ahead of" } else { "behind" };
            Finding::warn(
                CHECK,
                format!(
                    "this host's clock is {} s {side} the server's: times in logs will not agree",
                    ahead.abs()
                ),
                "timedatectl timesync-status; sudo timedatectl set-ntp true",
            )
        }
        Some(_) => Finding::ok(CHECK, "this host and the server have the same time"),
    }
}

fn token(facts: &Facts) -> Finding {
    const CHECK: &str = "key";
    const NEW: &str = "gpu-fleet token --role agent --ttl 1h > join-token   # on the server";
    match &facts.token {
        Token::Accepted => Finding::ok(CHECK, "the server knows this host's key or token"),
        Token::Unasked => Finding::ok(CHECK, "there is one; without a server it was not tried"),
        Token::Withheld(made_for) => withheld(facts, made_for.as_deref()),
        Token::Missing if facts.server.is_none() => {
            Finding::ok(CHECK, "this host has not joined a fleet yet")
        }
        Token::Missing => Finding::warn(
            CHECK,
            "this host has not joined the fleet: it has neither a key nor a join token",
            NEW,
        ),
        Token::Unreadable(why) => Finding::warn(
            CHECK,
            format!("the host's key cannot be read: {why}"),
            format!("sudo gpu-fleet doctor --data-dir {}", facts.data_dir.path.display()),
        ),
        Token::Refused(why) => {
            Finding::fail(CHECK, format!("the server does not accept this host's key or token: {why}"), NEW)
        }
    }
}

/// Whoever has a host's key can speak for it: a server that was only named on a command line does not get it.
fn withheld(facts: &Facts, made_for: Option<&str>) -> Finding {
    const CHECK: &str = "key";
    let url = facts.server.as_ref().map_or("", |server| server.url.as_str());
    let dir = facts.data_dir.path.display();
    match made_for {
        Some(made_for) => Finding::warn(
            CHECK,
            format!(
                "this host's key is for {made_for}: it was not sent to {url}, which was asked without it"
            ),
            format!("gpu-fleet doctor --server {made_for} --data-dir {dir}"),
        ),
        None => Finding::warn(
            CHECK,
            format!(
                "it is not noted which server this host's key is for: it was not sent to {url}, which was asked without it"
            ),
            "start the agent once more with its usual --server: it notes which that is",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Grade, graded};
    use super::*;

    fn about(check: &str, change: impl FnOnce(&mut Facts)) -> (Grade, String, String) {
        let mut facts = Facts::well();
        change(&mut facts);
        graded(&examine(&facts), check)
    }

    fn answered(facts: &mut Facts, answer: Result<ServerAnswer, String>) {
        facts.server = Some(Server { url: "http://fleet".to_owned(), answer });
    }

    #[test]
    fn a_server_that_is_away_is_told_from_one_that_is_another() {
        let (grade, says, run) =
            about("server", |facts| answered(facts, Err("connection refused".to_owned())));
        assert!(grade == Grade::Fail && says.contains("refused") && run.contains("curl -v"), "{says}");
        let odd = ServerAnswer { status: 502, ahead_secs: None };
        assert!(about("server", |facts| answered(facts, Ok(odd))).1.contains("status 502"));
        assert_eq!(about("server", |facts| facts.server = None).1, "no finding about server");
    }

    #[test]
    fn a_skewed_clock_is_told_with_its_direction() {
        for (ahead, word) in [(30, "30 s ahead of"), (-90, "90 s behind")] {
            let answer = ServerAnswer { status: 200, ahead_secs: Some(ahead) };
            let (grade, says, _) = about("clock", |facts| answered(facts, Ok(answer)));
            assert!(grade == Grade::Warn && says.contains(word), "{says}");
        }
    }

    #[test]
    fn a_key_that_was_not_sent_says_for_whom_it_is() {
        let of = |made_for: Option<&str>| {
            about("key", |facts| {
                answered(facts, Ok(ServerAnswer { status: 200, ahead_secs: None }));
                facts.token = Token::Withheld(made_for.map(str::to_owned));
            })
        };
        let (grade, says, run) = of(Some("https://ours"));
        assert!(
            grade == Grade::Warn && says.contains("is for https://ours: it was not sent to http://fleet")
        );
        assert!(run.contains("doctor --server https://ours"), "{run}");
        assert!(of(None).1.contains("not noted") && of(None).2.contains("its usual --server"));
    }

    #[test]
    fn a_key_that_is_missing_unreadable_or_refused_is_told() {
        assert_eq!(about("key", |facts| facts.token = Token::Missing).0, Grade::Warn);
        let alone = |facts: &mut Facts| (facts.token, facts.server) = (Token::Missing, None);
        assert_eq!(about("key", alone).0, Grade::Ok);
        assert_eq!(about("key", |facts| facts.token = Token::Unreadable("denied".to_owned())).0, Grade::Warn);
        let (grade, says, run) = about("key", |facts| facts.token = Token::Refused("unknown key".to_owned()));
        assert!(grade == Grade::Fail && says.contains("unknown key") && run.contains("token --role agent"));
    }
}
