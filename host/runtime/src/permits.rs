//! What a run may use. Two-sided: the probe asks in its declaration, plugins.toml grants.

use std::sync::Arc;

use pgvigil_model::{Capability, PluginName, ProbeMetadata};

use crate::limits::Grants;

/// Nothing by default.
#[derive(Clone, Debug, Default)]
pub(crate) struct Permits {
    pub grants: Grants,
    /// None while the probe is only asked what it is.
    pub metadata: Option<Arc<ProbeMetadata>>,
}

impl Permits {
    /// Where it may not be used: why, and what to do.
    pub(crate) fn check(&self, plugin: &PluginName, capability: Capability) -> Result<(), String> {
        let (granted, line) = match capability {
            Capability::Postgres => (self.grants.postgres, "postgres = \"read\""),
            Capability::Ssh => (!self.grants.ssh.is_empty(), "ssh = [[...]]"),
            Capability::State => (self.grants.state, "state = true"),
            Capability::Maintenance => (self.grants.maintenance, "maintenance = true"),
        };
        self.check_asked(plugin, capability)?;
        if granted { Ok(()) } else { Err(not_granted(plugin, capability.as_str(), line)) }
    }

    /// What is asked for and not granted: the refusal, had it been used.
    pub(crate) fn refusal(&self, plugin: &PluginName, capability: Capability) -> Option<String> {
        self.check_asked(plugin, capability).ok()?;
        self.check(plugin, capability).err()
    }

    /// `argv[0]` is the command.
    pub(crate) fn check_command(&self, plugin: &PluginName, argv: &[String]) -> Result<(), String> {
        self.check_asked(plugin, Capability::Ssh)?;
        let command = argv.first().map(String::as_str).unwrap_or_default();
        let asked = self.metadata.iter().flat_map(|metadata| &metadata.ssh_commands);
        if asked.into_iter().all(|asked| asked != command) {
            return Err(format!(
                "the probe of plugin `{plugin}` ran `{command}`, which is not in the `ssh_commands` it declares"
            ));
        }
        if self.grants.ssh.iter().any(|pattern| pattern.matches(argv)) {
            return Ok(());
        }
        let quoted: Vec<String> = argv.iter().map(|argument| format!("{argument:?}")).collect();
        Err(not_granted(plugin, &format!("ssh {command}"), &format!("ssh = [[{}]]", quoted.join(", "))))
    }

    fn check_asked(&self, plugin: &PluginName, capability: Capability) -> Result<(), String> {
        if self.metadata.as_ref().is_some_and(|metadata| metadata.capabilities.contains(&capability)) {
            return Ok(());
        }
        let name = capability.as_str();
        Err(format!("the probe of plugin `{plugin}` used `{name}`, which is not in the `capabilities` it declares"))
    }
}

fn not_granted(plugin: &PluginName, what: &str, line: &str) -> String {
    format!("plugin `{plugin}` is not granted `{what}`; add `{line}` to `grants` of this plugin in plugins.toml")
}

#[cfg(test)]
mod tests {
    use pgvigil_model::Scope;

    use super::*;
    use crate::limits::ArgvPattern;

    fn plugin() -> PluginName {
        "disk".parse().unwrap()
    }

    fn permits(capabilities: &[Capability], ssh_commands: &[&str], grants: Grants) -> Permits {
        let metadata = ProbeMetadata {
            name: "disk".to_owned(),
            version: "1".to_owned(),
            summary: "Disks".to_owned(),
            scope: Scope::PerServer,
            default_interval_ms: 1_000,
            default_timeout_ms: 1_000,
            capabilities: capabilities.to_vec(),
            ssh_commands: ssh_commands.iter().map(|command| (*command).to_owned()).collect(),
            min_server_version: 0,
            options: Vec::new(),
            sets: Vec::new().into(),
            attrs: Vec::new(),
        };
        Permits { grants, metadata: Some(Arc::new(metadata)) }
    }

    fn df() -> Grants {
        let pattern = ["df", "-Pk", "*"].map(str::to_owned).to_vec();
        Grants { ssh: vec![ArgvPattern(pattern)], ..Grants::default() }
    }

    fn run(permits: &Permits, argv: &[&str]) -> Result<(), String> {
        let argv: Vec<String> = argv.iter().map(|argument| (*argument).to_owned()).collect();
        permits.check_command(&plugin(), &argv)
    }

    #[test]
    fn a_grant_that_is_missing_is_named_with_the_line_to_add() {
        let permits = permits(&Capability::ALL, &["df"], Grants::default());
        let refusal = permits.check(&plugin(), Capability::State).unwrap_err();
        assert!(refusal.ends_with("add `state = true` to `grants` of this plugin in plugins.toml"), "{refusal}");
        let refusal = run(&permits, &["df", "-Pk", "/data"]).unwrap_err();
        assert!(refusal.contains("add `ssh = [[\"df\", \"-Pk\", \"/data\"]]` to `grants`"), "{refusal}");
    }

    #[test]
    fn a_grant_does_not_suffice_where_the_probe_does_not_ask() {
        let all = Grants { postgres: true, state: true, maintenance: true, ..df() };
        let permits = permits(&[Capability::Postgres], &[], all);
        assert_eq!(permits.check(&plugin(), Capability::Postgres), Ok(()));
        let refusal = permits.check(&plugin(), Capability::Maintenance).unwrap_err();
        assert!(refusal.contains("used `maintenance`, which is not in the `capabilities` it declares"), "{refusal}");
        assert!(run(&permits, &["df", "-Pk", "/data"]).is_err());
    }

    #[test]
    fn a_command_that_the_probe_does_not_declare_is_refused_though_it_is_granted() {
        let permits = permits(&[Capability::Ssh], &["du"], df());
        let refusal = run(&permits, &["df", "-Pk", "/data"]).unwrap_err();
        assert!(refusal.contains("ran `df`, which is not in the `ssh_commands` it declares"), "{refusal}");
    }

    #[test]
    fn an_argument_cannot_become_an_option() {
        let permits = permits(&[Capability::Ssh], &["df"], df());
        assert_eq!(run(&permits, &["df", "-Pk", "/data"]), Ok(()));
        for argument in ["--output=source", "-P", ""] {
            assert!(run(&permits, &["df", "-Pk", argument]).is_err(), "{argument}");
        }
        assert!(run(&permits, &["df", "-Pk", "/data", "/etc"]).is_err());
    }

    #[test]
    fn nothing_is_permitted_while_a_probe_is_only_asked_what_it_is() {
        for capability in Capability::ALL {
            assert!(Permits::default().check(&plugin(), capability).is_err());
        }
    }
}
