//! Reads metrics.toml at compile time, and writes what a probe would otherwise type by hand.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests"))]

mod declaration;
mod expand;

use std::path::PathBuf;

use proc_macro::TokenStream;
use proc_macro2::Span;
use syn::parse::{Parse, ParseStream};
use syn::{Ident, LitStr, Token};

use crate::declaration::Declaration;

/// Declares and exports the probe of this crate: `probe!(PgStatDatabase);`
///
/// Reads `metrics.toml` beside Cargo.toml (or the file named in a second argument), refuses to compile if it does not hold
/// together, and writes: the unit struct itself; the module `metrics` with one struct per metric set and `metadata()`; and,
/// for wasm32, the exports of the component. What is left to write is `impl Probe for PgStatDatabase`.
#[proc_macro]
pub fn probe(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as Input);
    match expand_probe(&input) {
        Ok(tokens) => tokens.into(),
        Err(errors) => errors.into_compile_error().into(),
    }
}

struct Input {
    probe: Ident,
    file: LitStr,
}

impl Parse for Input {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let probe = input.parse()?;
        if input.is_empty() {
            return Ok(Self { probe, file: LitStr::new("metrics.toml", Span::call_site()) });
        }
        input.parse::<Token![,]>()?;
        Ok(Self { probe, file: input.parse()? })
    }
}

fn expand_probe(input: &Input) -> syn::Result<proc_macro2::TokenStream> {
    let file = input.file.value();
    let root = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
    let text = std::fs::read_to_string(root.join(&file)).map_err(|error| {
        syn::Error::new(input.file.span(), format!("cannot read {file} beside Cargo.toml: {error}"))
    })?;
    let declaration = Declaration::parse(&text).map_err(|problems| {
        let mut errors = problems
            .into_iter()
            .map(|problem| syn::Error::new(input.file.span(), format!("{file}:{}: {}", problem.line, problem.message)));
        let mut all = errors.next().unwrap_or_else(|| syn::Error::new(input.file.span(), "unknown problem"));
        all.extend(errors);
        all
    })?;
    Ok(expand::probe(&input.probe, &file, &declaration))
}
