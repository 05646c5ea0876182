//! Keeps the tests off the network: several components, and clients of cloud stores without
//! credentials, call home by themselves.

use std::process::Command;

use crate::process;
use crate::workshop::on_path;

/// The command in a network namespace that has loopback alone, where that is possible.
pub(crate) fn without_network(command: Command) -> Command {
    if !possible() {
        eprintln!(
            "note: no network namespace here (that takes root, unshare and ip): \
             the tests run with the network that there is"
        );
        return command;
    }
    let mut isolated = Command::new("unshare");
    isolated.args(["-n", "bash", "-c", "ip link set lo up && exec \"$@\"", "loopback-only"]);
    process::inside(isolated, &command)
}

fn possible() -> bool {
    // Not by user id: in a container, root may be forbidden to do this.
    on_path("unshare").is_some()
        && Command::new("unshare")
            .args(["-n", "bash", "-c", "ip link set lo up"])
            .output()
            .is_ok_and(|output| output.status.success())
}
