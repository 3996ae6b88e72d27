//! The scheduler units: rendered, then judged by the tools and the reference lists of their platforms.

mod commands;
mod launchd;
mod rendering;
mod systemd;
mod windows;

use holdfast_setup::render::{Platform, Values, render};

/// Values as most people have them.
fn plain(platform: Platform) -> Values {
    match platform {
        Platform::Windows => {
            values(r"C:\Program Files\Holdfast", r"C:\Users\trader\bot", r"C:\Users\trader\bot\cycle.cmd")
        }
        _ => values("/usr/local/bin", "/srv/bot", "/srv/bot/cycle.sh"),
    }
}

/// Values with everything in them that a format could trip over.
fn ugly(platform: Platform) -> Values {
    match platform {
        Platform::Windows => values(
            r"C:\Programme\Prüf & Söhne <x> 'q' 取引",
            r"D:\@USER@ größe\wurzel",
            r"\\server\share$\zyklus 1.exe",
        ),
        Platform::Launchd => values(
            "/opt/Prüf & Söhne/<b> \"q\" 'r' \\ % $",
            "/Users/@USER@/größe 取引",
            "/Users/x y/Zyklus.command",
        ),
        Platform::Systemd | Platform::SystemdUser => {
            values("/opt/Prüf & Söhne/<b> (r) %n 100%", "/srv/@USER@/größe 取引; # x", "/srv/x y/zyklus.sh")
        }
    }
}

fn values(bin: &str, root: &str, pipeline: &str) -> Values {
    Values {
        bin: bin.to_owned(),
        root: root.to_owned(),
        user: "holdfast".to_owned(),
        group: "trading".to_owned(),
        bot_user: "bot".to_owned(),
        pipeline: pipeline.to_owned(),
    }
}

/// Every unit of a platform, by file name, rendered.
fn rendered(platform: Platform, values: &Values) -> Vec<(String, String)> {
    platform
        .templates()
        .iter()
        .map(|template| {
            let text = render(platform, template.text, values)
                .unwrap_or_else(|refused| panic!("{}: {refused}", template.name));
            (template.name.to_owned(), text)
        })
        .collect()
}

/// One unit of a platform, rendered with plain values.
fn unit(platform: Platform, name: &str) -> String {
    let units = rendered(platform, &plain(platform));
    let found = units.into_iter().find(|unit| unit.0 == name);
    found.unwrap_or_else(|| panic!("{platform:?} has no {name}")).1
}
