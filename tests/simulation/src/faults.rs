//! What goes wrong in a history: drawn beforehand, a few kinds of it at a time, so that each history is bad in its own way.

use agent::devices::Condition;

use crate::dice::Dice;
use crate::machine::Machine;
use crate::network::Network;
use crate::server::Server;
use crate::shim;
use crate::time::Millis;
use crate::trace::Trace;

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// An agent is killed, and started again a while later.
    AgentDies,
    /// An agent is stopped by a signal, and continued.
    AgentStandsStill,
    /// A shim is killed.
    ShimDies,
    /// A shim is stopped by a signal, and perhaps never continued.
    ShimStandsStill,
    /// A machine loses its power and boots again.
    PowerFails,
    /// A machine is cut off; what is sent meanwhile is lost.
    CutOff,
    /// A machine is cut off; what is sent meanwhile comes when it is over.
    HeldUp,
    /// A server dies, and is started again.
    ServerDies,
    /// A server stands still, and goes on with what it had in hand.
    ServerStandsStill,
    /// A machine's disk is full for a while.
    DiskFull,
    /// A process that no job started is on a card.
    Stranger,
    /// A card is ill: degraded, not to be given, failed, or gone.
    CardIll,
    /// A machine's driver answers nothing.
    DriverHangs,
    /// A second machine calls itself by the name of another.
    SameName,
}

const ALL: [Fault; 14] = [
    Fault::AgentDies,
    Fault::AgentStandsStill,
    Fault::ShimDies,
    Fault::ShimStandsStill,
    Fault::PowerFails,
    Fault::CutOff,
    Fault::HeldUp,
    Fault::ServerDies,
    Fault::ServerStandsStill,
    Fault::DiskFull,
    Fault::Stranger,
    Fault::CardIll,
    Fault::DriverHangs,
    Fault::SameName,
];

/// What goes wrong in a history, and when: latest first.
#[must_use]
pub(crate) fn drawn(dice: &mut Dice, within: Millis) -> Vec<(Millis, Fault)> {
    let mut drawn = Vec::new();
    for fault in ALL {
        if dice.per_mille(350) {
            for _ in 0..dice.within(1..=7) {
                drawn.push((dice.within(1_000..=within), fault));
            }
        }
    }
    drawn.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    drawn
}

/// What a fault may strike.
pub(crate) struct Victims<'a> {
    /// The machines.
    pub(crate) machines: &'a mut [Machine],
    /// The servers.
    pub(crate) servers: &'a mut [Server],
    /// The network.
    pub(crate) network: &'a mut Network,
    /// How long a lease is: faults are shorter and longer than that.
    pub(crate) lease: Millis,
}

impl Victims<'_> {
    /// Lets it happen.
    pub(crate) fn strike(&mut self, fault: Fault, dice: &mut Dice, trace: &mut Trace, now: Millis) {
        let place = dice.index(self.machines.len());
        let server = dice.index(self.servers.len());
        // Short ones, those that a lease survives, and those that it does not.
        let at_most = dice.pick(&[1_500, 1_500, self.lease, self.lease, self.lease * 3]);
        let long = dice.within(200..=at_most);
        let kept = dice.per_mille(500);
        let machine = &mut self.machines[place];
        let body = &mut machine.body;
        let card = dice.index(body.cards.len());
        let alive: Vec<i32> =
            body.shims.iter().filter(|(_, shim)| shim.ended.is_none()).map(|(pid, _)| *pid).collect();
        let shim = alive.get(dice.index(alive.len().max(1))).copied();
        trace.note(now, &format!("{fault:?} at node-{place}, or server {server}, for {long} ms"));
        match fault {
            Fault::AgentDies => {
                machine.agent = None;
                machine.agent_starts_at = now + long;
            }
            Fault::AgentStandsStill => machine.agent_frozen_until = now + long,
            Fault::ShimDies => {
                if let Some(pid) = shim {
                    shim::kill(body, pid, now);
                }
            }
            Fault::ShimStandsStill => {
                if let Some(shim) = shim.and_then(|pid| body.shims.get_mut(&pid)) {
                    shim.frozen_until = now + long;
                }
            }
            Fault::PowerFails => {
                body.lose_power(now, long, |_| kept);
                machine.agent = None;
                machine.agent_frozen_until = 0;
                machine.agent_starts_at = now + long + 500;
            }
            Fault::CutOff => self.network.cut(place, now + long, false),
            Fault::HeldUp => self.network.cut(place, now + long, true),
            Fault::ServerDies => self.servers[server].crash(now + long),
            Fault::ServerStandsStill => self.servers[server].still_until = now + long,
            Fault::DiskFull => body.disk.full_until = now + long,
            Fault::Stranger => body.cards[card].foreign_until = now + long,
            Fault::CardIll => {
                let why = "ill".to_owned();
                let card = &mut body.cards[card];
                card.unwell_until = now + long;
                card.condition = match dice.within(0..=3) {
                    0 => Condition::Degraded(why),
                    1 => Condition::Suspect(why),
                    2 => Condition::Failed(why),
                    _ => Condition::Dead(why),
                };
            }
            Fault::DriverHangs => body.driver_hangs_until = now + long,
            // Played by the world, which has machines to spare.
            Fault::SameName => {}
        }
    }

    /// Everything is well from now on.
    pub(crate) fn heal(&mut self, now: Millis) {
        for machine in &mut *self.machines {
            let body = &mut machine.body;
            machine.agent_frozen_until = 0;
            machine.agent_starts_at = machine.agent_starts_at.min(now + 1_000).max(body.off_until);
            body.driver_hangs_until = 0;
            body.disk.full_until = 0;
            for card in &mut body.cards {
                card.condition = Condition::Healthy;
                card.foreign_until = 0;
            }
            for tree in body.trees.values_mut() {
                tree.comes_loose();
            }
            for shim in body.shims.values_mut() {
                shim.frozen_until = 0;
            }
        }
        for server in &mut *self.servers {
            server.still_until = 0;
            server.down_until = server.down_until.min(now);
        }
    }
}
