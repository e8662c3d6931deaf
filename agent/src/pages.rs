//! Gives back what starting up has touched of the program.
//!
//! One program has all roles, and starting up leads through much of it that an agent never needs again: arguments, certificates,
//! the search for drivers and runtimes. On a host whose memory is the jobs', that need not stay resident. What is needed after all
//! comes back from the page cache. Breakpoints that a debugger or a probe has set in the code are its own copies of pages, and go
//! with them.

use std::fs;
use std::ops::Range;

/// Lets go of the pages of the program's own code.
pub(crate) fn give_back_start_up() {
    let (Ok(own), Ok(maps)) = (fs::read_link("/proc/self/exe"), fs::read("/proc/self/maps")) else { return };
    let maps = String::from_utf8_lossy(&maps);
    for Range { start, end } in code_of(&own.to_string_lossy(), &maps) {
        // SAFETY: the range is a private mapping of the program's file that cannot be written, so that what is let go of is read
        // again from the file, as it was, when it is next run.
        unsafe { libc::madvise(start as *mut libc::c_void, end - start, libc::MADV_DONTNEED) };
    }
}

/// Where a program's code lies, by `/proc/PID/maps`.
fn code_of<'a>(program: &'a str, maps: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
    maps.lines().filter_map(move |line| {
        let (range, rest) = line.split_once(' ')?;
        // Permissions, offset, device, inode, and the path after spaces that align it.
        let (permissions, rest) = rest.split_once(' ')?;
        let path = rest.splitn(4, ' ').nth(3)?.trim_start();
        let (start, end) = range.split_once('-')?;
        let address = |text| usize::from_str_radix(text, 16).ok();
        (permissions == "r-xp" && path == program).then_some(address(start)?..address(end)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAPS: &str = "\
55d0a0000000-55d0a0100000 r--p 00000000 fe:00 131 /usr/bin/gpu fleet
55d0a0100000-55d0a2000000 r-xp 00100000 fe:00 131                        /usr/bin/gpu fleet
55d0a2000000-55d0a2100000 rw-p 02000000 fe:00 131                        /usr/bin/gpu fleet
55d0a3000000-55d0a3100000 rw-p 00000000 00:00 0 
7f0000000000-7f0000100000 r-xp 00000000 fe:00 140                        /usr/lib/libc.so.6
7ffc00000000-7ffc00002000 r-xp 00000000 00:00 0                          [vdso]
";

    #[test]
    fn code_is_what_can_be_run_and_not_written_of_the_program_itself() {
        let mut found = code_of("/usr/bin/gpu fleet", MAPS);
        assert_eq!(found.next(), Some(0x55d0_a010_0000..0x55d0_a200_0000));
        assert_eq!(found.next(), None);
        assert_eq!(code_of("/usr/bin/other", MAPS).count(), 0);
    }

    /// Resident bytes of this program's code, in KiB.
    fn resident() -> u64 {
        let own = fs::read_link("/proc/self/exe").unwrap_or_default();
        let maps = fs::read_to_string("/proc/self/smaps").unwrap_or_default();
        let mut inside = false;
        let mut sum = 0;
        for line in maps.lines() {
            if let Some(size) = line.strip_prefix("Rss:").filter(|_| inside) {
                sum += size.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0);
            } else if line.contains('-') && line.contains(' ') && !line.contains("kB") {
                inside = code_of(&own.to_string_lossy(), line).next().is_some();
            }
        }
        sum
    }

    /// Reads a byte of each page of this program's code.
    fn touch_all() {
        let own = fs::read_link("/proc/self/exe").unwrap_or_default();
        let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
        for address in code_of(&own.to_string_lossy(), &maps).flat_map(|range| range.step_by(4096)) {
            // SAFETY: the program's code is there to be read as long as the program runs.
            unsafe { std::ptr::read_volatile(address as *const u8) };
        }
    }

    #[test]
    fn what_was_touched_of_the_program_is_given_back_and_it_goes_on() {
        touch_all();
        let before = resident();
        give_back_start_up();
        let after = resident();
        assert!(0 < after && after < before / 2, "{before} KiB, then {after} KiB");
    }
}
