//! Which of a host's free cards to take, so that a job's cards reach each other fast and those that are left do too: cards on
//! one NVLink and one NUMA node, from the smallest group that has enough.

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::ids::GpuId;
use crate::snapshot::GpuState;

/// Where a card hangs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(super) struct Spot {
    /// The NVLink that it is on: cards that reach each other have the same number. A card without NVLink has its own.
    pub(super) island: usize,
    /// Its NUMA node; what is not reported is one node.
    pub(super) numa: Option<i32>,
}

/// Where the cards of a host hang, in their order; none where it makes no difference which of them are taken.
pub(super) fn spots(cards: &[&GpuState]) -> Option<Vec<Spot>> {
    let places: HashMap<GpuId, usize> =
        cards.iter().enumerate().map(|(place, card)| (card.id, place)).collect();
    let mut island: Vec<usize> = (0..cards.len()).collect();
    for (place, card) in cards.iter().enumerate() {
        for peer in card.nvlink_peers.iter().filter_map(|peer| places.get(peer)) {
            let (one, other) = (island[place], island[*peer]);
            island.iter_mut().filter(|of| **of == one.max(other)).for_each(|of| *of = one.min(other));
        }
    }
    let linked = cards.iter().any(|card| !card.nvlink_peers.is_empty());
    let spot = |(place, card): (usize, &&GpuState)| Spot { island: island[place], numa: card.numa_node };
    let spots: Vec<Spot> = cards.iter().enumerate().map(spot).collect();
    let differ = |key: fn(&Spot) -> Spot| spots.windows(2).any(|pair| key(&pair[0]) != key(&pair[1]));
    let by_numa = differ(|spot| Spot { island: 0, ..*spot });
    (by_numa || (linked && differ(|spot| *spot))).then_some(spots)
}

/// What of a spot makes two of them alike.
type Likeness = fn(Spot) -> Spot;

/// So many of the free cards, which stand in the order of preference among equals. `spots` has a spot for each card of the host.
pub(super) fn choose(free: &[usize], spots: &[Spot], count: usize) -> Vec<usize> {
    if count == 0 || count >= free.len() {
        return free.iter().copied().take(count).collect();
    }
    let spot = |place: &usize| spots.get(*place).copied().unwrap_or_default();
    let of = |key: Likeness, like: Spot| -> Vec<usize> {
        free.iter().copied().filter(|place| key(spot(place)) == key(like)).collect()
    };
    let island: Likeness = |spot| Spot { numa: None, ..spot };
    let numa: Likeness = |spot| Spot { island: 0, ..spot };
    // A card's neighbours, from the closest to the farthest: how many are free decides which to break into.
    let groups =
        |place: &usize| [of(|spot| spot, spot(place)), of(island, spot(place)), of(numa, spot(place))];
    let enough = |level: usize| {
        let sizes = |place: &usize| groups(place).map(|group| group.len());
        let able = free.iter().filter(|place| sizes(place)[level] >= count);
        let first = able.min_by_key(|place| (sizes(place)[level], sizes(place)))?;
        groups(first).into_iter().nth(level)
    };
    let mut from = (0..3).find_map(enough).unwrap_or_else(|| free.to_vec());
    // Where the closest group is too small, its parts are taken whole as far as they go, the largest first.
    let order: HashMap<usize, usize> = from.iter().enumerate().map(|(rank, place)| (*place, rank)).collect();
    let part = |key: Likeness, place: &usize| of(key, spot(place)).len();
    from.sort_by_key(|place| {
        let spot = spot(place);
        (
            Reverse(part(island, place)),
            spot.island,
            Reverse(part(|spot| spot, place)),
            spot.numa,
            order[place],
        )
    });
    from.truncate(count);
    from
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A host as its spots: island and NUMA node of each card.
    fn host(spots: &[(usize, i32)]) -> Vec<Spot> {
        spots.iter().map(|(island, numa)| Spot { island: *island, numa: Some(*numa) }).collect()
    }

    /// Eight cards on one switch, four on each NUMA node.
    fn switched() -> Vec<Spot> {
        host(&[(0, 0), (0, 0), (0, 0), (0, 0), (0, 1), (0, 1), (0, 1), (0, 1)])
    }

    /// Four bridged pairs, two on each NUMA node.
    fn pairs() -> Vec<Spot> {
        host(&[(0, 0), (0, 0), (2, 0), (2, 0), (4, 1), (4, 1), (6, 1), (6, 1)])
    }

    /// Eight cards without NVLink, four on each NUMA node.
    fn plain() -> Vec<Spot> {
        host(&[(0, 0), (1, 0), (2, 0), (3, 0), (4, 1), (5, 1), (6, 1), (7, 1)])
    }

    #[test]
    fn a_pair_is_taken_whole() {
        assert_eq!(choose(&[1, 2, 3, 4, 5, 7], &pairs(), 2), [2, 3]);
        assert_eq!(choose(&[1, 3, 4, 7], &pairs(), 2), [1, 3], "no pair is whole: one NUMA node");
        assert_eq!(choose(&[1, 3, 4, 5, 7], &pairs(), 3), [4, 5, 7], "a pair and its neighbour");
        assert_eq!(choose(&[0, 1, 2, 3, 4, 5, 6, 7], &pairs(), 4), [0, 1, 2, 3]);
    }

    #[test]
    fn one_card_breaks_no_pair_where_another_is_broken() {
        assert_eq!(choose(&[0, 1, 3, 4, 5], &pairs(), 1), [3]);
        assert_eq!(choose(&[0, 1, 2, 4, 5, 6, 7], &plain(), 1), [0], "the fuller NUMA node");
        assert_eq!(choose(&[0, 1, 2, 3, 4, 5, 6], &plain(), 1), [4], "the fuller NUMA node");
    }

    #[test]
    fn a_job_stays_on_one_numa_node_where_it_can() {
        assert_eq!(choose(&[0, 1, 2, 3, 5, 6], &switched(), 2), [5, 6], "the fuller node");
        assert_eq!(choose(&[0, 1, 2, 3, 5, 6], &switched(), 4), [0, 1, 2, 3]);
        assert_eq!(choose(&[0, 1, 2, 3, 5, 6], &switched(), 5), [0, 1, 2, 3, 5], "one whole and a remainder");
        assert_eq!(choose(&[0, 3, 5, 6, 7], &plain(), 3), [5, 6, 7]);
    }

    #[test]
    fn all_or_none_are_taken_as_they_come() {
        assert_eq!(choose(&[3, 1], &pairs(), 2), [3, 1]);
        assert_eq!(choose(&[3, 1], &pairs(), 0), [0; 0]);
    }
}
