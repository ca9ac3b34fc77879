//! The man pages: that they agree with the help, and explain what it lists.

mod common;

use std::fs;

use common::{folder, ras, text};

/// The pages that the program writes, each with the arguments that name its command.
fn pages(name: &str) -> Vec<(Vec<String>, String)> {
    let folder = folder(name);
    let run = ras(&["man", text(&folder)]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let page = |file: fs::DirEntry| {
        let name = file.file_name().into_string().unwrap();
        let command = name.strip_suffix(".1").unwrap().split('-').skip(1).map(str::to_owned).collect();
        let page = fs::read_to_string(file.path()).unwrap();
        (
            command,
            ["\\fB", "\\fI", "\\fR", "\\", "\""].iter().fold(page, |page, escape| page.replace(escape, "")),
        )
    };
    let pages: Vec<_> = fs::read_dir(folder).unwrap().map(|file| page(file.unwrap())).collect();
    assert_eq!(pages.len(), 13);
    pages
}

/// The text of a section.
fn section<'p>(page: &'p str, title: &str) -> &'p str {
    let section = page.split(".SH ").find_map(|section| section.strip_prefix(title)?.strip_prefix('\n'));
    section.unwrap_or_else(|| panic!("no {title}: {page}")).trim()
}

#[test]
fn the_synopsis_of_every_page_is_the_usage_of_its_help() {
    for (command, page) in pages("synopsis") {
        let arguments: Vec<&str> = command.iter().map(String::as_str).chain(["--help"]).collect();
        let help = ras(&arguments).stdout;
        let usage = help.lines().find_map(|line| line.strip_prefix("Usage: ")).unwrap();
        assert_eq!(section(&page, "SYNOPSIS"), usage);
    }
}

#[test]
fn every_page_explains_each_option_and_argument() {
    for (command, page) in pages("options") {
        for item in section(&page, "OPTIONS").split(".TP\n") {
            assert_ne!(item.lines().nth(1), Some(""), "{command:?}: {item}");
        }
    }
}

/// A page ends with its exit status and its examples, and its footer names the program and its version.
#[test]
fn every_page_has_an_exit_status_examples_and_the_version() {
    for (_, page) in pages("end") {
        assert!(section(&page, "EXIT STATUS").starts_with("0 all read, 1 nothing"), "{page}");
        assert!(section(&page, "EXAMPLES").contains("\n  ras "), "{page}");
        assert!(page.contains(concat!(" 1  ras ", env!("CARGO_PKG_VERSION"), " \n")), "{page}");
    }
}

#[test]
fn the_page_of_decode_says_what_a_file_may_be() {
    let pages = pages("decode");
    let (_, page) = pages.iter().find(|(command, _)| command == &["decode"]).unwrap();
    assert!(section(page, "OPTIONS").contains("<FILE>\nA file, a folder, or - for standard input"), "{page}");
}

/// Help is made of doc comments, whose marks mean nothing to who reads it.
#[test]
fn no_page_has_the_marks_of_markdown() {
    for (_, page) in pages("marks") {
        assert!(!page.contains('`'), "{page}");
    }
}
