//! Gives the library the name under which the driver's own is known, so that it is found in its place.

fn main() {
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libnvidia-ml.so.1");
}
