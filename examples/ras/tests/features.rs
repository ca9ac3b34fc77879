//! What a build has, and what it says of what it does not have. Each feature is on or off in turn: `.ci/test.sh` runs
//! this with none and with all of them.

mod common;

use std::fs;
use std::path::Path;

use common::{data, ras};

const OUTPUTS: [(&str, &str, bool); 2] =
    [("sqlite", "SQLite", cfg!(feature = "sqlite")), ("parquet", "Parquet", cfg!(feature = "parquet"))];

/// An output that a build lacks is named with the command that brings it, before anything is written.
#[test]
fn an_output_is_there_or_the_command_that_brings_it_is_told() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("features");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let image = data("erst-images/mce-intel.img");
    for (feature, what, built) in OUTPUTS {
        for dry in [false, true] {
            let [file, json] = [feature, "json"]
                .map(|name| folder.join(format!("{feature}-{name}-{dry}")).to_str().unwrap().to_owned());
            let option = format!("--{feature}");
            let mut arguments = vec!["collect", "--json", &json, &option, &file, &image];
            arguments.extend(dry.then_some("--dry-run"));
            let run = ras(&arguments);
            let wrote = [&file, &json].map(|path| Path::new(path).exists());
            if built {
                assert_eq!((run.code, wrote), (0, [!dry; 2]), "{}", run.stderr);
            } else {
                assert_eq!((run.code, wrote), (1, [false; 2]), "{}", run.stdout);
                let brings = format!("cargo install --locked --path examples/ras --features {feature}");
                let told = [&option, &format!("this build has no {what}"), &brings]
                    .map(|part| run.stderr.contains(part));
                assert_eq!(told, [true; 3], "{}", run.stderr);
                assert_eq!(run.stdout, "");
            }
        }
    }
}

/// Help names the options of every build, and says which of them this one lacks.
#[test]
fn help_says_what_a_build_lacks() {
    let help = ras(&["collect", "--help"]).stdout;
    for (feature, _, built) in OUTPUTS {
        let option = help.split(&format!("--{feature} ")).nth(1).expect("every build knows the option");
        let told = option.split("\n      --").next().unwrap();
        assert_eq!(told.contains("not in this build"), !built, "{told}");
    }
}
