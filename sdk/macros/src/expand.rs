//! The code that a declaration stands for.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::Ident;

use crate::declaration::{Declaration, Metric, OptionSpec, Set};

/// The probe's struct, its declaration, the module `metrics` and, for wasm32, the component's exports.
pub(crate) fn probe(probe: &Ident, file: &str, declaration: &Declaration) -> TokenStream {
    let summary = &declaration.summary;
    let metadata = metadata(declaration);
    let sets = declaration.sets.iter().map(set);
    quote! {
        #[doc = #summary]
        #[derive(Debug, Clone, Copy)]
        pub struct #probe;

        impl ::pgvigil_sdk::Declared for #probe {
            fn metadata() -> ::pgvigil_sdk::Metadata {
                metrics::metadata()
            }
        }

        /// What metrics.toml declares: one struct per metric set, a field per label and metric.
        pub mod metrics {
            /// Ties the build to the file, so that a change there compiles this again.
            const _: &str = ::core::include_str!(::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), "/", #file));

            /// The declaration as the host reads it.
            pub fn metadata() -> ::pgvigil_sdk::Metadata {
                #metadata
            }

            #(#sets)*
        }

        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, reason = "the exports of a component are unsafe functions")]
        mod component {
            struct Component;

            impl ::pgvigil_sdk::bindings::Guest for Component {
                fn describe(
                    config: ::std::vec::Vec<::pgvigil_sdk::Attr>,
                ) -> ::core::result::Result<::pgvigil_sdk::Metadata, ::pgvigil_sdk::ConfigError> {
                    ::pgvigil_sdk::describe_for_host::<super::#probe>(&config)
                }
                fn collect(target: ::pgvigil_sdk::Target) -> ::core::result::Result<::pgvigil_sdk::Report, ::pgvigil_sdk::ProbeError> {
                    ::pgvigil_sdk::collect_for_host::<super::#probe>(&target)
                }
            }

            ::pgvigil_sdk::bindings::export!(Component with_types_in ::pgvigil_sdk::bindings);
        }
    }
}

fn metadata(declaration: &Declaration) -> TokenStream {
    let Declaration { name, version, summary, interval_ms, timeout_ms, min_server_version, .. } = declaration;
    let scope = camel_case(&declaration.scope);
    let capabilities = &declaration.capabilities;
    let ssh_commands = &declaration.ssh_commands;
    let options = declaration.options.iter().map(option_spec);
    let sets = declaration.sets.iter().map(set_spec);
    let attrs = declaration.attrs.iter().map(|(key, val)| {
        quote! { ::pgvigil_sdk::Attr { key: #key.into(), val: #val.into() } }
    });
    quote! {
        ::pgvigil_sdk::Metadata {
            name: #name.into(),
            version: #version.into(),
            summary: #summary.into(),
            scope: ::pgvigil_sdk::Scope::#scope,
            default_interval_ms: #interval_ms,
            default_timeout_ms: #timeout_ms,
            capabilities: ::std::vec![#(#capabilities.into()),*],
            ssh_commands: ::std::vec![#(#ssh_commands.into()),*],
            min_server_version: #min_server_version,
            options: ::std::vec![#(#options),*],
            sets: ::std::vec![#(#sets),*],
            attrs: ::std::vec![#(#attrs),*],
        }
    }
}

fn option_spec(option: &OptionSpec) -> TokenStream {
    let OptionSpec { key, help, required, .. } = option;
    let kind = camel_case(&option.kind);
    let default = match &option.default {
        Some(default) => quote! { ::core::option::Option::Some(#default.into()) },
        None => quote! { ::core::option::Option::None },
    };
    quote! {
        ::pgvigil_sdk::OptionSpec {
            key: #key.into(),
            kind: ::pgvigil_sdk::OptionKind::#kind,
            help: #help.into(),
            default: #default,
            required: #required,
        }
    }
}

fn set_spec(set: &Set) -> TokenStream {
    let Set { name, help, labels, .. } = set;
    let metrics = set.metrics.iter().map(metric_spec);
    quote! {
        ::pgvigil_sdk::MetricSetSpec {
            name: #name.into(),
            help: #help.into(),
            labels: ::std::vec![#(#labels.into()),*],
            metrics: ::std::vec![#(#metrics),*],
        }
    }
}

fn metric_spec(metric: &Metric) -> TokenStream {
    let Metric { name, unit, help, .. } = metric;
    let kind = camel_case(&metric.kind);
    quote! {
        ::pgvigil_sdk::Metric {
            name: #name.into(),
            kind: ::pgvigil_sdk::MetricKind::#kind,
            unit: #unit.into(),
            help: #help.into(),
        }
    }
}

/// One struct per set, so that a metric's name with a typo does not compile.
fn set(set: &Set) -> TokenStream {
    let Set { name, help, labels, .. } = set;
    let ident = camel_case(name);
    let label_fields: Vec<Ident> = labels.iter().map(|label| field(label)).collect();
    let metrics: Vec<&String> = set.metrics.iter().map(|metric| &metric.name).collect();
    let metric_fields: Vec<Ident> = set.metrics.iter().map(|metric| field(&metric.name)).collect();
    let metric_docs = set.metrics.iter().map(|metric| match metric.unit.as_str() {
        "" => metric.help.clone(),
        unit => format!("{} ({unit})", metric.help),
    });
    quote! {
        #[doc = #help]
        #[derive(Debug, Clone, PartialEq, Default)]
        pub struct #ident {
            #(pub #label_fields: ::std::string::String,)*
            #(#[doc = #metric_docs] pub #metric_fields: ::core::option::Option<f64>,)*
            /// When the counters of this row began.
            pub since: ::core::option::Option<::pgvigil_sdk::Timestamp>,
        }

        impl ::pgvigil_sdk::MetricSet for #ident {
            const NAME: &'static str = #name;
            const LABELS: &'static [&'static str] = &[#(#labels),*];
            const METRICS: &'static [&'static str] = &[#(#metrics),*];

            fn from_sql(row: &::pgvigil_sdk::SqlRow<'_>) -> ::core::result::Result<Self, ::pgvigil_sdk::ColumnError> {
                ::core::result::Result::Ok(Self {
                    #(#label_fields: row.label(#labels)?,)*
                    #(#metric_fields: row.metric(#metrics)?,)*
                    since: row.since()?,
                })
            }

            fn into_row(self) -> ::pgvigil_sdk::Row {
                ::pgvigil_sdk::Row {
                    labels: ::std::vec![#(self.#label_fields),*],
                    values: ::std::vec![#(self.#metric_fields.unwrap_or(f64::NAN)),*],
                    since_us: self.since.map(|since| since.0),
                }
            }
        }
    }
}

fn field(name: &str) -> Ident {
    syn::parse_str::<Ident>(name).unwrap_or_else(|_| format_ident!("r#{}", name))
}

fn camel_case(name: &str) -> Ident {
    let mut camel = String::new();
    for word in name.split(['_', '-']) {
        let mut chars = word.chars();
        camel.extend(chars.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(chars.as_str());
    }
    format_ident!("{camel}")
}
