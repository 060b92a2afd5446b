//! A command that asks at the terminal.

use std::{
    io::{Read, Write},
    process::{Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use crate::{command::words, walk::Walk};

const PATIENCE: Duration = Duration::from_secs(20);

/// Runs a command at a terminal of its own, made by script(1), and types a password as often as it
/// is asked for, which shall be twice.
pub(crate) fn set_password(walk: &Walk, command: &str, password: &str) -> Result<(), String> {
    let process = walk.process(command, &[]);
    let program = process.get_program().to_string_lossy().into_owned();
    let args = words(command).split_off(1).join(" ");
    let mut script = Command::new("script");
    script.args(["-qefc", &format!("{program} {args}"), "/dev/null"]);
    script.envs(process.get_envs().filter_map(|(name, value)| Some((name, value?))));
    script.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = script.spawn().map_err(|error| format!("no script(1): {error}"))?;
    let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let (sender, bytes) = mpsc::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 256];
        while let Ok(count @ 1..) = output.read(&mut buffer) {
            sender.send(buffer.split_at(count).0.to_vec()).ok();
        }
    });
    let (mut shown, mut asked) = (String::new(), 0);
    while let Ok(more) = bytes.recv_timeout(PATIENCE) {
        shown.push_str(&String::from_utf8_lossy(&more));
        let questions = ["Password:", "Password again:"];
        if questions.get(asked).is_some_and(|question| shown.ends_with(question)) {
            asked += 1;
            // The echo is switched off just after the question is shown.
            std::thread::sleep(Duration::from_millis(300));
            writeln!(input, "{password}").map_err(|error| error.to_string())?;
        }
    }
    drop(input);
    let status = child.wait().map_err(|error| error.to_string())?;
    match (status.success(), asked, shown.contains(password)) {
        (true, 2, false) if shown.contains("Password set successfully") => Ok(()),
        (_, _, true) => Err("the password is echoed".to_owned()),
        _ => Err(format!("{status}, asked {asked} times: {shown}")),
    }
}
