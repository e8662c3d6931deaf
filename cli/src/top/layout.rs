//! Which lines belong to what, for any size of terminal. What matters least goes first.

use ratatui::layout::Rect;

use crate::args::top::GpuView;

/// Below this, the strip that tells of the chosen row is left out.
const ROOM_FOR_STRIP: u16 = 20;
/// Below this, the pane of GPUs is left out.
const ROOM_FOR_GPUS: u16 = 12;
/// A title and the names of the columns.
const HEAD: u16 = 2;

/// Areas of the screen; those of no height are left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) header: Rect,
    pub(super) gpus: Rect,
    pub(super) jobs: Rect,
    pub(super) strip: Rect,
    pub(super) footer: Rect,
    /// A line for each GPU, not for each host.
    pub(super) is_full: bool,
}

impl Layout {
    /// For this area; a line for each GPU would take so many.
    pub(super) fn new(area: Rect, view: GpuView, cards: usize) -> Self {
        let height = area.height;
        let header = match height {
            0..=3 => 0,
            4..=7 => 1,
            _ => 3,
        };
        let footer = u16::from(height > 4);
        let strip = if height >= ROOM_FOR_STRIP { 3 } else { 0 };
        let panes = height - header - footer - strip;
        let room = if height >= ROOM_FOR_GPUS { panes.saturating_sub(2 * HEAD) } else { 0 };
        // Two thirds for GPUs while they can use them: jobs come and go, and the panes should not jump with them.
        let most = room * 2 / 3;
        let fits = cards <= usize::from(most);
        let is_full = view == GpuView::Full || view == GpuView::Auto && fits;
        let wanted = if is_full && fits { u16::try_from(cards).unwrap_or(most) } else { most };
        let gpus = if room == 0 { 0 } else { HEAD + wanted.clamp(1, most.max(1)) };
        let jobs = panes - gpus.min(panes);
        let mut top = area.y;
        let mut next = |lines: u16| {
            let part = Rect { x: area.x, y: top, width: area.width, height: lines };
            top += lines;
            part
        };
        Self {
            header: next(header),
            gpus: next(gpus),
            jobs: next(jobs),
            strip: next(strip),
            footer: next(footer),
            is_full,
        }
    }

    /// For the hosts' lines alone, no more than there are.
    pub(super) fn with_hosts(mut self, hosts: usize) -> Self {
        if self.is_full || self.gpus.height == 0 {
            return self;
        }
        let wanted = HEAD + u16::try_from(hosts).unwrap_or(u16::MAX - HEAD).max(1);
        let spare = self.gpus.height.saturating_sub(wanted);
        self.gpus.height -= spare;
        self.jobs.y -= spare;
        self.jobs.height += spare;
        self
    }

    /// Rows of GPUs or hosts.
    pub(super) fn gpu_rows(&self) -> usize {
        usize::from(self.gpus.height.saturating_sub(HEAD))
    }

    /// Rows of jobs.
    pub(super) fn job_rows(&self) -> usize {
        usize::from(self.jobs.height.saturating_sub(HEAD))
    }

    /// Where a sheet stands: in place of the panes and what tells of them.
    pub(super) fn sheet(&self) -> Rect {
        let height = self.gpus.height + self.jobs.height + self.strip.height;
        Rect { height, ..self.gpus }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_belongs_to_one_part_whatever_the_size() {
        for height in 0..80 {
            for cards in [0, 1, 8, 40, 4000] {
                for view in [GpuView::Auto, GpuView::Compact, GpuView::Full] {
                    let layout = Layout::new(Rect::new(0, 0, 80, height), view, cards).with_hosts(cards / 8);
                    let parts = [layout.header, layout.gpus, layout.jobs, layout.strip, layout.footer];
                    let mut line = 0;
                    for part in parts {
                        assert_eq!(part.y, line, "{height} lines, {cards} GPUs, {layout:?}");
                        line += part.height;
                    }
                    assert_eq!(line, height);
                }
            }
        }
    }

    #[test]
    fn eight_gpus_have_a_line_each_at_24_lines_and_jobs_have_room() {
        let layout = Layout::new(Rect::new(0, 0, 80, 24), GpuView::Auto, 8);
        assert!(layout.is_full);
        assert!(layout.gpu_rows() == 8 && layout.job_rows() >= 4, "{layout:?}");
    }

    #[test]
    fn many_gpus_make_a_line_for_each_host() {
        let layout = Layout::new(Rect::new(0, 0, 80, 24), GpuView::Auto, 4000).with_hosts(500);
        assert!(!layout.is_full && layout.gpu_rows() >= 6 && layout.job_rows() >= 4, "{layout:?}");
        let layout = Layout::new(Rect::new(0, 0, 80, 24), GpuView::Compact, 8).with_hosts(1);
        assert_eq!(layout.gpu_rows(), 1);
    }
}
