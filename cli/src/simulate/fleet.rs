//! The simulated fleet: hosts from a file, or so many equal ones.

use domain::ids::{GpuId, HostId};
use domain::snapshot::{GpuState, HostState};
use uuid::Uuid;

use super::csv_file::Rows;
use crate::args::simulate::{Format, SimulateArgs};
use crate::client::Failure;

/// Much more than any job asks for: where a file says nothing of cores and memory, they do not matter.
const PLENTY_OF_CORES: f64 = 1e9;
const PLENTY_OF_MEMORY_MIB: i32 = i32::MAX;

/// The hosts that the arguments name, by name.
pub(super) fn hosts(args: &SimulateArgs) -> Result<Vec<HostState>, Failure> {
    let mut hosts = match (&args.hosts, &args.nodes, args.pool) {
        (Some(file), _, _) => read(&Rows::read(file, &[])?, args.format)?,
        (_, Some(nodes), _) => equal(nodes)?,
        (_, _, Some(gpus)) => vec![plain(0, gpus)],
        _ => return Err(Failure::Usage("--hosts, --nodes or --pool is missing: which fleet?".to_owned())),
    };
    hosts.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(hosts)
}

fn equal(nodes: &str) -> Result<Vec<HostState>, Failure> {
    let numbers =
        nodes.split_once('x').and_then(|(hosts, gpus)| Some((hosts.parse().ok()?, gpus.parse().ok()?)));
    let (hosts, gpus): (usize, usize) = numbers
        .filter(|(hosts, gpus)| *hosts > 0 && *gpus > 0)
        .ok_or_else(|| Failure::Usage(format!("--nodes: expected HOSTSxGPUS as in 72x8, found '{nodes}'")))?;
    Ok((0..hosts).map(|number| plain(number, gpus)).collect())
}

/// A host of GPUs that are all alike.
pub(super) fn plain(number: usize, gpus: usize) -> HostState {
    let card = Card { gpu_type: "GPU".to_owned(), memory_mib: 81_920 };
    host(number, format!("host-{number:05}"), (PLENTY_OF_CORES, PLENTY_OF_MEMORY_MIB), gpus, &card)
}

struct Card {
    gpu_type: String,
    memory_mib: i32,
}

fn host(number: usize, name: String, room: (f64, i32), gpus: usize, card: &Card) -> HostState {
    let gpu = |index: usize| GpuState {
        id: GpuId(Uuid::from_u128((number as u128) << 32 | index as u128)),
        version: 1,
        index: i32::try_from(index).unwrap_or(i32::MAX),
        gpu_type: card.gpu_type.clone(),
        memory_mib: card.memory_mib,
        usable: true,
        allocated_milli: 0,
        numa_node: None,
        nvlink_peers: Vec::new(),
    };
    HostState {
        id: HostId(Uuid::from_u128(number as u128)),
        name,
        organization: None,
        schedulable: true,
        labels: Vec::new(),
        runs_containers: true,
        cpus: room.0,
        memory_mib: room.1,
        cpus_allocated: 0.0,
        memory_gb_allocated: 0.0,
        gpus: (0..gpus).map(gpu).collect(),
    }
}

fn read(rows: &Rows, format: Format) -> Result<Vec<HostState>, Failure> {
    rows.iter()
        .enumerate()
        .map(|(number, row)| {
            if format == Format::Openb {
                let cores = row.whole("cpu_milli", 0)? as f64 / 1000.0;
                let memory = i32::try_from(row.whole("memory_mib", 0)?).unwrap_or(i32::MAX);
                let card = Card { gpu_type: row.needed("model")?.to_owned(), memory_mib: 81_920 };
                let gpus = row.whole("gpu", 0)? as usize;
                return Ok(host(number, row.needed("sn")?.to_owned(), (cores, memory), gpus, &card));
            }
            let mib = |gb: f64| (gb * 1e9 / 1_048_576.0).ceil().min(f64::from(i32::MAX)) as i32;
            let expected = "a number of at least 0";
            let cores = row.number("cpus", 0.0, expected)?.unwrap_or(PLENTY_OF_CORES);
            let memory = row.number("memory_gb", 0.0, expected)?.map_or(PLENTY_OF_MEMORY_MIB, mib);
            let card = Card {
                gpu_type: row.text("gpu_type").unwrap_or("GPU").to_owned(),
                memory_mib: row.number("gpu_memory_gb", 0.0, expected)?.map_or(81_920, mib),
            };
            let gpus = row.whole("gpus", 0)? as usize;
            Ok(host(number, row.needed("name")?.to_owned(), (cores, memory), gpus, &card))
        })
        .collect()
}
