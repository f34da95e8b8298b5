//! `pgvigil user`: the users, from the command line. It is the way back in where no admin can sign in any more.

use std::io::{IsTerminal, Read};
use std::time::SystemTime;

use anyhow::{Context, anyhow, bail};
use clap::{Subcommand, ValueEnum};
use pgvigil_api::{PASSWORD_COST_DEFAULT, Passwords, check_email, check_login};
use pgvigil_model::{Secret, Timestamp};
use pgvigil_storage::{NewUser, Role, Store, User, UserChanges};

use crate::config::Config;
use crate::first_start::{Keys, announce, random_password};
use crate::{audit, serve};

/// A password is one line of standard input; where that is a terminal, a random one is made and shown once.
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// List the users.
    List,
    /// Make a user. The password is read from standard input; on a terminal a random one is made and shown once.
    Add {
        login: String,
        #[arg(long, value_enum, default_value = "viewer")]
        role: RoleWord,
        #[arg(long)]
        email: Option<String>,
    },
    /// Give a user a new password (read as by `add`), and end the user's sessions.
    Passwd { login: String },
    /// Give a user another role, and end the user's sessions.
    Role { login: String, role: RoleWord },
    /// Let a user sign in again.
    Activate { login: String },
    /// Let a user not sign in any more, and end the user's sessions.
    Deactivate { login: String },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum RoleWord {
    Viewer,
    Operator,
    Admin,
}

impl From<RoleWord> for Role {
    fn from(word: RoleWord) -> Self {
        match word {
            RoleWord::Viewer => Self::Viewer,
            RoleWord::Operator => Self::Operator,
            RoleWord::Admin => Self::Admin,
        }
    }
}

/// More is no password, but a file that was given by mistake.
const INPUT_BYTES_MAX: u64 = 4_096;

pub(crate) fn user(config: &Config, command: UserCommand) -> anyhow::Result<()> {
    serve::install_crypto_provider();
    serve::runtime("user", 1)?.block_on(async {
        serve::require_store(config)?;
        let vault = Keys::obtain(&config.data_dir)?.vault()?;
        let store = serve::open_store(config, vault).await?;
        let done = carry_out(&store, command).await;
        store.close().await;
        done
    })
}

async fn carry_out(store: &Store, command: UserCommand) -> anyhow::Result<()> {
    match command {
        UserCommand::List => list(store).await,
        UserCommand::Add { login, role, email } => add(store, login, role.into(), email).await,
        UserCommand::Passwd { login } => {
            let password_hash = Some(new_password().await?);
            change(store, &login, UserChanges { password_hash, ..UserChanges::default() }, "password".to_owned()).await
        }
        UserCommand::Role { login, role } => {
            let role = Role::from(role);
            let changes = UserChanges { role: Some(role), ..UserChanges::default() };
            change(store, &login, changes, format!("role {}", role.as_str())).await
        }
        UserCommand::Activate { login } => set_active(store, &login, true).await,
        UserCommand::Deactivate { login } => set_active(store, &login, false).await,
    }
}

async fn list(store: &Store) -> anyhow::Result<()> {
    for user in store.users().await? {
        announce(&line(&user));
    }
    Ok(())
}

fn line(user: &User) -> String {
    let state = if user.is_active { "active" } else { "inactive" };
    let seen = user.last_login.map_or_else(|| "never signed in".to_owned(), |at| format!("signed in {at}"));
    format!("{}\t{}\t{state}\t{seen}", user.login, user.role.as_str())
}

async fn add(store: &Store, login: String, role: Role, email: Option<String>) -> anyhow::Result<()> {
    if let Err(expected) = check_login(&login) {
        bail!("the login `{login}` {expected}");
    }
    if store.user(&login).await?.is_some() {
        bail!("a user called `{login}` exists already; `pgvigil user passwd {login}` changes the password");
    }
    let email = check_email(email.as_deref()).map_err(|why| anyhow!("the e-mail {why}"))?;
    let new = NewUser { login, password_hash: new_password().await?, role, email };
    let user = store.create_user(&new, now()).await?;
    audit::note(store, "user_create", format!("{} ({})", user.login, user.role.as_str())).await?;
    announce(&line(&user));
    Ok(())
}

async fn set_active(store: &Store, login: &str, is_active: bool) -> anyhow::Result<()> {
    let changes = UserChanges { is_active: Some(is_active), ..UserChanges::default() };
    change(store, login, changes, if is_active { "activated" } else { "deactivated" }.to_owned()).await
}

async fn change(store: &Store, login: &str, changes: UserChanges, told: String) -> anyhow::Result<()> {
    let changed = store.update_user(login, &changes, now()).await;
    let user = changed.with_context(|| format!("user `{login}` is as before"))?;
    audit::note(store, "user_update", format!("{login}: {told}")).await?;
    announce(&line(&user));
    Ok(())
}

/// The hash of what standard input gives, or of a random one.
async fn new_password() -> anyhow::Result<String> {
    let mut input = std::io::stdin();
    let password = if input.is_terminal() {
        let password = random_password();
        announce(&format!("the password is  {}  (shown once)", password.expose()));
        password
    } else {
        let mut text = String::new();
        input
            .by_ref()
            .take(INPUT_BYTES_MAX)
            .read_to_string(&mut text)
            .context("cannot read the password from standard input")?;
        Secret::new(text.lines().next().unwrap_or_default())
    };
    Passwords::new(PASSWORD_COST_DEFAULT).hash(&password).await.context("this password is not accepted")
}

fn now() -> Timestamp {
    Timestamp::from(SystemTime::now())
}
