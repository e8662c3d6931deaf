//! Makes sure that there is a dashboard to embed, if only a page that says how to build it.

use std::path::Path;
use std::{fs, io};

const PLACEHOLDER: &str = "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>GPU Fleet \
Manager</title>\n<p>The dashboard was not built: run <code>make web</code>.</p>\n</html>\n";

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/dist");
    let index = root.join("index.html");
    if !index.exists() {
        fs::create_dir_all(&root)?;
        fs::write(&index, PLACEHOLDER)?;
    }
    println!("cargo::rerun-if-changed={}", root.display());
    Ok(())
}
