//! The jobs of the demonstration, as data: whose they are, what they ask for, what they do.

use std::path::Path;
use std::time::Duration;

use super::Tempo;
use super::labs::Lab;
use crate::api::{GpuRequirementsInput, SubmitJobInput};

/// One job to be.
pub(super) struct Part {
    pub(super) lab: Lab,
    pub(super) input: SubmitJobInput,
}

/// Everyone who appears.
pub(super) struct Cast {
    tempo: Tempo,
    /// Where every job works, by which its processes are known for this demonstration's.
    workdir: String,
}

impl Cast {
    pub(super) fn new(tempo: Tempo, workdir: &Path) -> Self {
        Self { tempo, workdir: workdir.to_string_lossy().into_owned() }
    }

    /// Two H100 for most of the story.
    pub(super) fn vit_pretrain(&self) -> Part {
        let wanted = gpus(2, &["H100"], Some(80.0));
        self.part(Lab::Vision, "vit-pretrain", wanted, Some(training(8, self.tempo.beats(2))))
    }

    /// The other two H100, for a little less.
    pub(super) fn llama_finetune(&self) -> Part {
        let wanted = gpus(2, &["NVIDIA H100"], None);
        self.part(Lab::Language, "llama-finetune", wanted, Some(training(6, self.tempo.beats(2))))
    }

    /// Needs three H100 while all are busy.
    pub(super) fn detr_train(&self) -> Part {
        self.part(Lab::Vision, "detr-train", gpus(3, &["H100"], None), Some(training(3, self.tempo.beats(2))))
    }

    /// One A100, and room beside it.
    pub(super) fn bert_eval(&self) -> Part {
        self.part(
            Lab::Language,
            "bert-eval",
            gpus(1, &["A100"], Some(40.0)),
            Some(training(5, self.tempo.beats(2))),
        )
    }

    /// Asks for a card that the fleet does not have.
    pub(super) fn tpu_dream(&self) -> Part {
        self.part(Lab::Language, "tpu-dream", gpus(1, &["TPU v9"], None), Some(training(1, self.tempo.beat)))
    }

    /// Ends with exit code 3.
    pub(super) fn broken_config(&self) -> Part {
        let script =
            format!("sleep {}; echo 'config.yaml: no such file' >&2; exit 3", seconds(self.tempo.beats(2)));
        self.part(Lab::Vision, "broken-config", gpus(1, &["A100"], None), Some(script))
    }

    /// Never ends by itself.
    pub(super) fn endless_sweep(&self) -> Part {
        let script = format!("while true; do echo still sweeping; sleep {}; done", seconds(self.tempo.beat));
        self.part(Lab::Language, "endless-sweep", gpus(1, &["A100"], None), Some(script))
    }

    /// A person borrows a GPU.
    pub(super) fn notebook(&self) -> Part {
        self.part(Lab::Vision, "notebook-loan", gpus(1, &["A100"], None), None)
    }

    /// Two that are given GPUs by hand, and are therefore held until then.
    pub(super) fn rivals(&self) -> [Part; 2] {
        let rival = |lab, name| {
            let mut part = self.part(lab, name, gpus(1, &["A100"], None), Some(training(3, self.tempo.beat)));
            part.input.hold = Some(true);
            part
        };
        [rival(Lab::Vision, "depth-probe"), rival(Lab::Language, "rope-probe")]
    }

    fn part(&self, lab: Lab, name: &str, requirements: GpuRequirementsInput, script: Option<String>) -> Part {
        let command = script.map(|script| vec!["sh".to_owned(), "-c".to_owned(), script]);
        let input = SubmitJobInput {
            name: name.to_owned(),
            requirements: Some(requirements),
            workdir: command.is_some().then(|| self.workdir.clone()),
            command,
            ..SubmitJobInput::default()
        };
        Part { lab, input }
    }
}

fn gpus(count: i32, types: &[&str], min_memory_gb: Option<f64>) -> GpuRequirementsInput {
    GpuRequirementsInput {
        count: Some(count),
        gpu_types: Some(types.iter().map(|name| (*name).to_owned()).collect()),
        min_memory_gb,
        ..GpuRequirementsInput::default()
    }
}

/// A script that looks like training: so many steps, each of this length.
fn training(steps: u32, pause: Duration) -> String {
    format!(
        "for step in $(seq {steps}); do echo \"step $step of {steps} on $CUDA_VISIBLE_DEVICES\"; sleep {}; done",
        seconds(pause)
    )
}

fn seconds(duration: Duration) -> String {
    format!("{:.2}", duration.as_secs_f64())
}
