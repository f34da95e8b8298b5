//! The settings that operators edit in the UI. Names, defaults and ranges are the predecessor's.

use std::time::Duration;

use crate::tunable::{Facts, Tunable, Values, facts};

/// One setting's description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Setting {
    CollectInterval,
    SizeUpdateInterval,
    DbCheckInterval,
    RetentionMonths,
    AuditRetentionDays,
    LogsRetentionDays,
}

impl Setting {
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|setting| setting.key() == key)
    }
}

impl Tunable for Setting {
    const ALL: &'static [Self] = &[
        Self::CollectInterval,
        Self::SizeUpdateInterval,
        Self::DbCheckInterval,
        Self::RetentionMonths,
        Self::AuditRetentionDays,
        Self::LogsRetentionDays,
    ];

    fn index(self) -> usize {
        self as usize
    }

    /// (key, default, min, max, unit, description)
    fn facts(self) -> Facts {
        facts(match self {
            Self::CollectInterval => {
                ("collect_interval", 600, 60, 86_400, "seconds", "How often statistics of databases are collected")
            }
            Self::SizeUpdateInterval => {
                ("size_update_interval", 1_800, 300, 86_400, "seconds", "How often sizes of databases are measured")
            }
            Self::DbCheckInterval => {
                ("db_check_interval", 1_800, 300, 86_400, "seconds", "How often the list of databases is read")
            }
            Self::RetentionMonths => ("retention_months", 12, 1, 120, "months", "How long samples are kept"),
            Self::AuditRetentionDays => {
                ("audit_retention_days", 90, 7, 3_650, "days", "How long audit events are kept")
            }
            Self::LogsRetentionDays => ("logs_retention_days", 30, 7, 3_650, "days", "How long the system log is kept"),
        })
    }
}

pub type Settings = Values<Setting, 6>;

impl Settings {
    /// A setting in seconds as a duration; None for one in days or months.
    pub fn interval(&self, setting: Setting) -> Option<Duration> {
        let seconds = u64::try_from(self.get(setting)).ok()?;
        (setting.facts().unit == "seconds").then(|| Duration::from_secs(seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_out_of_range_is_refused_and_changes_nothing() {
        let mut settings = Settings::default();
        let error = settings.set(Setting::CollectInterval, 59).unwrap_err();
        assert_eq!(error.to_string(), "`collect_interval` is 59, but must be from 60 to 86400 seconds");
        assert_eq!(settings, Settings::default());
    }

    #[test]
    fn every_setting_is_found_by_its_key() {
        for &setting in Setting::ALL {
            assert_eq!(Setting::from_key(setting.key()), Some(setting));
            assert_eq!(setting.check(setting.default_value()), Ok(setting.default_value()));
        }
    }
}
