//! `gpu-fleet login`, `logout` and `profiles`: who this user is to which server. A secret is read from the terminal without
//! echo, or from standard input, and shown to nobody.

use std::io::{IsTerminal, Read};

use chrono::Utc;
use cynic::QueryBuilder;
use serde::Serialize;

use crate::api::{Instant, Role, Viewer, WhoAmI};
use crate::args::profile::{LoginArgs, LogoutArgs, ProfilesArgs};
use crate::client::credentials::{is_local, last_line};
use crate::client::{Client, Failure, parse_server};
use crate::output::style::Tone;
use crate::output::table::{Cell, Column};
use crate::output::time::{absolute, span};
use crate::output::{Form, Output};
use crate::profiles::{Place, Profile, check_name};

/// Longer than any token.
const MOST_BYTES: u64 = 64 << 10;

const COLUMNS: [Column; 6] = [
    Column::new("PROFILE"),
    Column::new("SERVER").elastic_down_to(24),
    Column::new("WHO").elastic(),
    Column::new("ROLE").expendable(2),
    Column::new("ORGANIZATION").expendable(1),
    Column::new("STATE"),
];

/// A profile as it may be seen: without its secret.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    name: &'a str,
    server: &'a str,
    subject: &'a str,
    role: &'a str,
    organization: Option<&'a str>,
    expires_at: Option<Instant>,
    in_use: bool,
}

impl<'a> Row<'a> {
    fn new(name: &'a str, profile: &'a Profile, in_use: bool) -> Self {
        Self {
            name,
            server: &profile.server,
            subject: &profile.subject,
            role: &profile.role,
            organization: profile.organization.as_deref(),
            expires_at: profile.expires_at,
            in_use,
        }
    }
}

/// Checks a token against the server, and keeps it.
pub(super) async fn login(args: LoginArgs) -> Result<(), Failure> {
    let output = Output::from_args(&args.output);
    check_name(&args.profile)?;
    let server = parse_server(&args.server)?;
    if server.scheme() == "http" && !is_local(&server) {
        let text = format!(
            "gpu-fleet: {server} is not encrypted: who listens on the way reads the token; https:// keeps it"
        );
        output.notice(&text, Tone::Wait);
    }
    let token = secret(server.as_str())?;
    let client = Client::new(server.clone(), Some(token.clone()))?;
    let viewer = client.run(WhoAmI::build(())).await.map_err(not_accepted)?.viewer;
    let profile = profile_of(server.as_str(), token, viewer)?;
    let place = Place::of_user()?;
    place.change(|profiles| {
        profiles.keep(&args.profile, profile.clone());
        Ok(())
    })?;
    match output.form {
        Form::Json => output.json(&Row::new(&args.profile, &profile, true)),
        Form::Ids => output.line(&args.profile),
        Form::Tables => {
            let kept = place.path();
            let who = who(&profile);
            output.line(&format!(
                "signed in to {} as {who}; the profile {} is in use",
                profile.server, args.profile
            ))?;
            output.line(&format!("kept in {}, for you alone", kept.display()))
        }
    }
}

/// The failure of a token that was just typed.
fn not_accepted(failure: Failure) -> Failure {
    match failure {
        Failure::Refused { message, mut details } if details.code.as_deref() == Some("UNAUTHENTICATED") => {
            let advice = "nothing was kept; ask an admin for an API key (gpu-fleet keys create), or mint a token \
                 on the server's machine (gpu-fleet token)";
            details.advice = Some(advice.to_owned());
            Failure::Refused { message, details }
        }
        other => other,
    }
}

fn profile_of(server: &str, token: String, viewer: Viewer) -> Result<Profile, Failure> {
    if viewer.role == Role::Agent {
        return Err(Failure::Usage(
            "this is a token of an agent, which may join a host and nothing else; nothing was kept"
                .to_owned(),
        ));
    }
    Ok(Profile {
        server: server.trim_end_matches('/').to_owned(),
        token,
        subject: viewer.subject,
        role: viewer.role.as_str().to_owned(),
        organization: viewer.organization.map(|of| of.slug),
        expires_at: viewer.expires_at,
    })
}

/// `ada, MEMBER of vision, until …`.
fn who(profile: &Profile) -> String {
    let mut text = format!("{}, {}", profile.subject, profile.role);
    if let Some(organization) = &profile.organization {
        text.push_str(&format!(" of {organization}"));
    }
    if let Some(at) = profile.expires_at {
        text.push_str(&format!(", until {}", absolute(at)));
    }
    crate::output::text::plain(&text)
}

/// Asks a person without echo, and takes what anybody else sends.
fn secret(server: &str) -> Result<String, Failure> {
    let text = if std::io::stdin().is_terminal() {
        rpassword::prompt_password(format!("Token or API key for {server} (it is not shown): "))
            .map_err(|error| Failure::Usage(format!("cannot read the token: {error}")))?
    } else {
        let mut text = String::new();
        let read = std::io::stdin().lock().take(MOST_BYTES).read_to_string(&mut text);
        read.map_err(|error| Failure::Usage(format!("cannot read the token from standard input: {error}")))?;
        text
    };
    let none = "no token was given; type one, or send it to standard input: gpu-fleet login URL < FILE";
    let token = last_line(&text).ok_or_else(|| Failure::Usage(none.to_owned()))?;
    if token.chars().all(|c| c.is_ascii_graphic()) {
        return Ok(token);
    }
    Err(Failure::Usage("that is no token: a token is one word of plain letters, digits and signs".to_owned()))
}

/// Forgets a profile.
pub(super) fn logout(args: &LogoutArgs) -> Result<(), Failure> {
    let output = Output::from_args(&args.output);
    let (name, profile) = Place::of_user()?.change(|profiles| {
        let name = match &args.profile {
            Some(name) => profiles.named(name)?.0.to_owned(),
            None => {
                let none = "no profile is in use; gpu-fleet profiles lists them, --profile names one";
                profiles.in_use().ok_or_else(|| Failure::NotFound(none.to_owned()))?.0.to_owned()
            }
        };
        let profile = profiles.forget(&name).ok_or_else(|| Failure::NotFound(name.clone()))?;
        Ok((name, profile))
    })?;
    match output.form {
        Form::Json => output.json(&Row::new(&name, &profile, false)),
        Form::Ids => output.line(&name),
        Form::Tables => {
            output.line(&format!("the profile {name} of {} is forgotten here", profile.server))?;
            let still = "gpu-fleet: the token itself still holds until its end; gpu-fleet keys revoke takes an API key back";
            output.notice(still, Tone::Faint);
            Ok(())
        }
    }
}

/// Lists the profiles, after another was chosen where one is named.
pub(super) fn profiles(args: &ProfilesArgs) -> Result<(), Failure> {
    let output = Output::from_args(&args.output);
    let place = Place::of_user()?;
    if let Some(name) = &args.chosen {
        place.change(|profiles| {
            profiles.current = Some(profiles.named(name)?.0.to_owned());
            Ok(())
        })?;
    }
    let kept = place.read()?;
    let in_use = |name: &str| kept.current.as_deref() == Some(name);
    let rows: Vec<Row<'_>> =
        kept.profiles.iter().map(|(name, profile)| Row::new(name, profile, in_use(name))).collect();
    let now = Utc::now();
    let empty = "No profiles. Sign in: gpu-fleet login URL";
    output.list(&rows, |row| row.name, &COLUMNS, |row| cells(row, now), empty)
}

fn cells(row: &Row<'_>, now: Instant) -> Vec<Cell> {
    let (state, tone) = match (row.in_use, row.expires_at) {
        (_, Some(at)) if at <= now => ("expired".to_owned(), Tone::Bad),
        (used, Some(at)) => {
            let left = span((at - now).num_seconds());
            (if used { format!("in use, {left} left") } else { format!("{left} left") }, Tone::Good)
        }
        (true, None) => ("in use".to_owned(), Tone::Good),
        (false, None) => ("kept".to_owned(), Tone::Faint),
    };
    vec![
        row.name.to_owned().into(),
        row.server.to_owned().into(),
        row.subject.to_owned().into(),
        row.role.to_owned().into(),
        row.organization.unwrap_or("-").to_owned().into(),
        Cell::toned(state, tone),
    ]
}
