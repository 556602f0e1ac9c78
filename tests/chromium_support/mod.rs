//! A headless Chromium that tests drive, over a pair of pipes, by its DevTools protocol
//! (<https://chromedevtools.github.io/devtools-protocol/>). Its keys are real ones, as far as a page can tell.

#![allow(dead_code, reason = "each test uses what it needs")]

use crate::provided;
use serde_json::{Value, json};
use std::{
    fs::File,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
};

/// A browser with one tab.
pub struct Browser {
    process: Child,
    to: File,
    from: BufReader<File>,
    session: Option<String>,
    next: u64,
    events: Vec<Value>,
    _folder: tempfile::TempDir,
}

impl Browser {
    /// Starts it; `None`, and a word, where there is none.
    pub fn start() -> Option<Browser> {
        let chromium = provided::chromium()?;
        let folder = tempfile::tempdir().unwrap();
        let (to, from) = (folder.path().join("to"), folder.path().join("from"));
        let made = Command::new("mkfifo").arg(&to).arg(&from).status().unwrap();
        assert!(made.success());
        // It speaks on its descriptors 3 and 4. A browser that hangs ends, and with it the wait for an answer.
        let process = Command::new("sh")
            .args(["-c", r#"exec timeout 150 "$0" "$@" 3< "$TO" 4> "$FROM""#])
            .arg(chromium)
            .args(["--headless", "--no-sandbox", "--disable-gpu"])
            .args(["--remote-debugging-pipe", "--no-first-run"])
            .args(["--disable-dev-shm-usage", "--hide-scrollbars"])
            .arg(format!("--user-data-dir={}", folder.path().display()))
            .env("TO", &to)
            .env("FROM", &from)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let to = File::options().write(true).open(to).unwrap();
        let mut browser = Browser {
            process,
            to,
            from: BufReader::new(File::open(from).unwrap()),
            session: None,
            next: 0,
            events: vec![],
            _folder: folder,
        };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = browser.call("Target.attachToTarget", attach);
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Accessibility"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser.size(1400, 900);
        Some(browser)
    }

    /// A command, and its answer.
    #[track_caller]
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let id = self.next;
        let mut message = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.to
            .write_all(format!("{message}\0").as_bytes())
            .unwrap();
        loop {
            let answer = self.read();
            if answer["id"] == id {
                assert!(answer["error"].is_null(), "{method}: {answer}");
                return answer["result"].clone();
            }
            self.events.push(answer);
        }
    }

    #[track_caller]
    fn read(&mut self) -> Value {
        let mut bytes = vec![];
        self.from.read_until(0, &mut bytes).unwrap();
        assert_eq!(bytes.pop(), Some(0), "the browser has ended");
        serde_json::from_slice(&bytes).unwrap()
    }

    /// Goes to a file (perhaps with a `#place`), and waits until it is there.
    #[track_caller]
    pub fn open(&mut self, file: &Path, place: &str) {
        // Another place of the same page would be no new page.
        self.go("about:blank");
        self.events.clear();
        self.go(&format!("file://{}{place}", file.display()));
    }

    #[track_caller]
    fn go(&mut self, url: &str) {
        self.call("Page.navigate", json!({ "url": url }));
        loop {
            let loaded = |e: &Value| e["method"] == "Page.loadEventFired";
            if let Some(i) = self.events.iter().position(loaded) {
                self.events.remove(i);
                return;
            }
            let event = self.read();
            self.events.push(event);
        }
    }

    /// The value of an expression.
    #[track_caller]
    pub fn value(&mut self, expression: &str) -> Value {
        let params =
            json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.call("Runtime.evaluate", params);
        let wrong = &answer["exceptionDetails"];
        assert!(wrong.is_null(), "{expression}: {wrong}");
        answer["result"]["value"].clone()
    }

    /// Presses a key.
    #[track_caller]
    pub fn key(&mut self, key: &str) {
        let (code, text) = match key {
            "Tab" => (9, ""),
            "Enter" => (13, "\r"),
            "Escape" => (27, ""),
            " " => (32, " "),
            "End" => (35, ""),
            "Home" => (36, ""),
            "ArrowLeft" => (37, ""),
            "ArrowRight" => (39, ""),
            letter => (0, letter),
        };
        for kind in ["keyDown", "keyUp"] {
            let mut event = json!({ "type": kind, "key": key, "windowsVirtualKeyCode": code });
            if kind == "keyDown" && !text.is_empty() {
                event["text"] = json!(text);
            }
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// The size of the window, px.
    pub fn size(&mut self, width: u32, height: u32) {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", size);
    }

    /// What the reader has set: `light` or `dark`.
    pub fn prefers(&mut self, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.call(
            "Emulation.setEmulatedMedia",
            json!({ "features": features }),
        );
    }

    /// What is seen, as PNG.
    pub fn screenshot(&mut self) -> Vec<u8> {
        let shot = self.call("Page.captureScreenshot", json!({}));
        from_base64(shot["data"].as_str().unwrap())
    }

    /// The page on paper.
    pub fn pdf(&mut self) -> Vec<u8> {
        let how = json!({ "preferCSSPageSize": true, "printBackground": false });
        let pdf = self.call("Page.printToPDF", how);
        from_base64(pdf["data"].as_str().unwrap())
    }

    /// What went wrong on the page since it was opened: exceptions, and whatever is on its console.
    pub fn complaints(&mut self) -> Vec<String> {
        // An answer comes after the events before it.
        self.value("new Promise(r => setTimeout(r, 50))");
        let said = |e: &Value| {
            let what = &e["params"];
            match e["method"].as_str()? {
                "Runtime.exceptionThrown" => Some(what["exceptionDetails"].to_string()),
                "Runtime.consoleAPICalled" => Some(what["args"].to_string()),
                "Log.entryAdded" => Some(what["entry"]["text"].to_string()),
                _ => None,
            }
        };
        self.events.iter().filter_map(said).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self
            .to
            .write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        let _ = self.process.wait();
    }
}

fn from_base64(text: &str) -> Vec<u8> {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let mut bytes = vec![];
    for four in text.trim_end_matches('=').as_bytes().chunks(4) {
        let bits = four
            .iter()
            .fold(0u32, |bits, c| bits << 6 | u32::from(digit(*c)));
        let bits = bits << (6 * (4 - four.len()) + 8);
        bytes.extend(&bits.to_be_bytes()[..four.len() - 1]);
    }
    bytes
}
