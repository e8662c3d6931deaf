//! The Container Device Interface: files in which a driver's tools describe what a container needs to use a device.

use std::path::Path;

/// Where such files lie.
pub(super) const DIRECTORIES: [&str; 2] = ["/etc/cdi", "/var/run/cdi"];
/// How NVIDIA's GPUs are called there.
pub(super) const KIND: &str = "nvidia.com/gpu";
/// What writes them.
pub(super) const HOW: &str = "nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml";

/// Those of these cards that no file describes by their UUID.
pub(super) fn missing<'a>(directories: &[impl AsRef<Path>], uuids: &'a [String]) -> Vec<&'a str> {
    let files = directories.iter().flat_map(|directory| std::fs::read_dir(directory).into_iter().flatten());
    let texts: Vec<String> = files
        .flatten()
        .filter_map(|file| std::fs::read_to_string(file.path()).ok())
        .filter(|text| text.contains(KIND))
        .collect();
    let described = |uuid: &str| texts.iter().any(|text| text.contains(uuid));
    uuids.iter().map(String::as_str).filter(|uuid| !described(uuid)).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_card_is_described_where_its_uuid_stands() {
        let directory = tempfile::tempdir().unwrap();
        let text = "cdiVersion: 0.5.0\nkind: nvidia.com/gpu\ndevices:\n- name: GPU-1\n- name: \"0\"\n";
        std::fs::write(directory.path().join("nvidia.yaml"), text).unwrap();
        std::fs::write(directory.path().join("other.json"), r#"{"kind": "vendor.com/nic", "GPU-2": 1}"#)
            .unwrap();
        let uuids = ["GPU-1".to_owned(), "GPU-2".to_owned()];
        assert_eq!(missing(&[directory.path()], &uuids), ["GPU-2"]);
        assert_eq!(missing(&["/no/such/place"], &uuids), ["GPU-1", "GPU-2"]);
    }
}
