//! What became of the exchanges.

/// Why answers differ on purpose, wherever it applies.
pub type Rule = &'static str;

/// The rules by which an answer differs, none if it is equal; or how it differs otherwise.
pub type Outcome = Result<Vec<Rule>, String>;

/// A row of a list: where, why, and what ours answers.
#[derive(Debug, Clone)]
pub struct Row {
    place: String,
    why: &'static str,
    pattern: &'static str,
    used: bool,
}

impl Row {
    /// A row of the file and the exchange that the place names, outer parts first.
    pub fn new(place: &[&str], why: &'static str, pattern: &'static str) -> Self {
        Self { place: place.join(" / "), why, pattern, used: false }
    }
}

/// File, exchange, why, and what ours answers.
impl From<&(&str, &str, &'static str, &'static str)> for Row {
    fn from((file, name, why, pattern): &(&str, &str, &'static str, &'static str)) -> Self {
        Self::new(&[file, name], why, pattern)
    }
}

/// File, exchange, and why it is not played.
impl From<&(&str, &str, &'static str)> for Row {
    fn from((file, name, why): &(&str, &str, &'static str)) -> Self {
        Self::new(&[file, name], why, "")
    }
}

/// Counts outcomes by files, and checks them against the lists.
#[derive(Debug, Clone)]
pub struct Report {
    rules: Vec<(Rule, usize)>,
    different: Vec<Row>,
    not_played: Vec<Row>,
    /// Equal, by a rule, as listed, skipped.
    files: Vec<(String, [usize; 4])>,
    wrong: Vec<String>,
}

impl Report {
    /// With these rules, the list of what differs, and that of what is not played.
    pub fn new(
        rules: impl IntoIterator<Item = Rule>,
        different: impl IntoIterator<Item: Into<Row>>,
        not_played: impl IntoIterator<Item: Into<Row>>,
    ) -> Self {
        Self {
            rules: rules.into_iter().map(|rule| (rule, 0)).collect(),
            different: different.into_iter().map(Into::into).collect(),
            not_played: not_played.into_iter().map(Into::into).collect(),
            files: Vec::new(),
            wrong: Vec::new(),
        }
    }

    /// What follows is of this file.
    pub fn begin(&mut self, file: &str) {
        self.files.push((file.to_owned(), [0; 4]));
    }

    fn place(&self, name: &str) -> String {
        format!("{} / {name}", self.files.last().map_or("", |(file, _)| file.as_str()))
    }

    fn count(&mut self, column: usize, count: usize) {
        if let Some((_, counts)) = self.files.last_mut() {
            counts[column] += count;
        }
    }

    /// What ours answers to an exchange that is listed as different.
    pub fn pattern(&self, name: &str) -> Option<&'static str> {
        let place = self.place(name);
        self.different.iter().find(|row| row.place == place).map(|row| row.pattern)
    }

    /// Whether an exchange is not played; it then counts as so many.
    pub fn skips(&mut self, name: &str, count: usize) -> bool {
        let place = self.place(name);
        let skips = self.not_played.iter().any(|row| row.place == place);
        self.count(3, if skips { count } else { 0 });
        skips
    }

    /// Something is as recorded.
    pub fn equal(&mut self) {
        self.count(0, 1);
    }

    /// Something differs by these rules.
    pub fn by_rules(&mut self, rules: impl IntoIterator<Item = Rule>) {
        self.count(1, 1);
        self.apply(rules);
    }

    /// Something is not offered, so not compared, as these rules say.
    pub fn not_offered(&mut self, rules: impl IntoIterator<Item = Rule>) {
        self.count(3, 1);
        self.apply(rules);
    }

    fn apply(&mut self, rules: impl IntoIterator<Item = Rule>) {
        for rule in rules {
            match self.rules.iter_mut().find(|(listed, _)| *listed == rule) {
                Some((_, count)) => *count += 1,
                None => self.wrong.push(format!("a rule that is not listed: {rule}")),
            }
        }
    }

    /// Something is as listed, with this pattern.
    pub fn listed(&mut self, name: &str, pattern: &str) {
        self.count(2, 1);
        self.use_row(name, pattern);
    }

    /// A row was needed, by something that does not count.
    pub fn use_row(&mut self, name: &str, pattern: &str) {
        let place = self.place(name);
        for row in self.different.iter_mut().filter(|r| r.place == place && r.pattern == pattern) {
            row.used = true;
        }
    }

    /// Something is not as it should be.
    pub fn wrong(&mut self, name: &str, text: &str) {
        self.wrong.push(format!("{}: {text}", self.place(name)));
    }

    /// How many are wrong so far.
    pub fn count_wrong(&self) -> usize {
        self.wrong.len()
    }

    /// An exchange was played. `as_listed` says whether `ours` is what the list has.
    pub fn note(
        &mut self,
        name: &str,
        outcome: Outcome,
        ours: &str,
        as_listed: impl FnOnce(&str, &str) -> bool,
    ) {
        match (outcome, self.pattern(name)) {
            (Err(_), Some(pattern)) if as_listed(pattern, ours) => self.listed(name, pattern),
            (Ok(rules), Some(_)) => {
                self.wrong(name, &format!("listed, but equal or by a rule: {rules:?}"));
            }
            (_, Some(_)) => self.wrong(name, &format!("not as listed: `{ours:.1500}`")),
            (Ok(rules), None) if rules.is_empty() => self.equal(),
            (Ok(rules), None) => self.by_rules(rules),
            (Err(text), None) => self.wrong(name, &text),
        }
    }

    /// Shows the table and the lists.
    ///
    /// # Panics
    ///
    /// If something is wrong, a rule or a row is not needed, or the sums are not `total`: replayed,
    /// equal, by a rule, as listed, skipped.
    #[expect(clippy::print_stdout, reason = "the table of what was replayed")]
    pub fn finish(self, total: [usize; 5]) {
        let line = |file: &str, [replayed, equal, by_rule, listed, skipped]: [usize; 5]| {
            format!("{file:14} {replayed:>8} {equal:>6} {by_rule:>8} {listed:>7} {skipped:>8}\n")
        };
        let mut shown = format!(
            "{:14} {:>8} {:>6} {:>8} {:>7} {:>8}\n",
            "recording", "replayed", "equal", "by rule", "listed", "skipped"
        );
        let mut sums = [0; 5];
        for (file, [equal, by_rule, listed, skipped]) in &self.files {
            let row = [equal + by_rule + listed, *equal, *by_rule, *listed, *skipped];
            sums = std::array::from_fn(|n| sums[n] + row[n]);
            shown += &line(file, row);
        }
        shown += &line("all", sums);
        shown += "different on purpose, by a rule:\n";
        for (rule, count) in &self.rules {
            shown += &format!("  {count:>3}x {rule}\n");
        }
        for (title, rows) in [
            ("different on purpose, one by one", &self.different),
            ("not played", &self.not_played),
        ] {
            shown += &format!("{title}:\n");
            for Row { place, why, .. } in rows {
                shown += &format!("  {place}: {why}\n");
            }
        }
        println!("{shown}");
        let wrong = &self.wrong;
        assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
        let unused: Vec<_> = self.different.iter().filter(|row| !row.used).collect();
        assert!(unused.is_empty(), "listed as different, but equal or not there: {unused:?}");
        let needless: Vec<_> = self.rules.iter().filter(|(_, count)| *count == 0).collect();
        assert!(needless.is_empty(), "rules that nothing needs: {needless:?}");
        assert_eq!(sums, total, "replayed, equal, by a rule, as listed, skipped");
    }
}
