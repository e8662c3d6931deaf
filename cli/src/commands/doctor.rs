//! `gpu-fleet doctor`. It asks the agent's crate, and changes nothing.

use agent::doctor::{Finding, Grade, Questions, examine, gather, worst};

use crate::args::doctor::DoctorArgs;
use crate::client::{Failure, parse_server};
use crate::output::style::Tone;
use crate::output::{Form, Output};

/// Looks at this host, prints what was found, and fails where something does not work.
pub(super) async fn perform(args: DoctorArgs) -> Result<u8, Failure> {
    let server = args.server.as_deref().map(parse_server).transpose()?;
    let join_token = args.join_token_file.as_deref().and_then(|file| std::fs::read_to_string(file).ok());
    let last_line = |text: String| text.lines().rfind(|line| !line.trim().is_empty()).map(str::to_owned);
    let questions = Questions {
        server: server.map(|server| server.as_str().trim_end_matches('/').to_owned()),
        data_dir: args.data.data_dir,
        join_token: join_token.and_then(last_line),
        nvml_library: args.nvml_library,
        containers: args.container_runtime,
    };
    let findings = examine(&gather(questions).await);
    let output = Output::new(if args.json { Form::Json } else { Form::Tables });
    match output.form {
        Form::Json => output.json(&findings)?,
        _ => findings
            .iter()
            .flat_map(|finding| lines(finding, output.colours))
            .try_for_each(|line| output.line(&line))?,
    }
    Ok(u8::from(worst(&findings) == Grade::Fail))
}

/// One line that says it, and one that can be run.
fn lines(finding: &Finding, colours: bool) -> Vec<String> {
    let (word, tone) = match finding.grade {
        Grade::Ok => ("OK  ", Tone::Good),
        Grade::Warn => ("WARN", Tone::Wait),
        Grade::Fail => ("FAIL", Tone::Bad),
    };
    let said = format!("{}  {}: {}", tone.paint(word, colours), finding.check, finding.says);
    let run = finding.run.as_ref().map(|run| format!("      {}", Tone::Strong.paint(run, colours)));
    std::iter::once(said).chain(run).collect()
}
