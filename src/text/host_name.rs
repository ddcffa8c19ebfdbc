//! Names of hosts, as settings and requests write them.

/// Whether a text is a name as it is sent in `Host`, but for the dot that may end it: labels of ASCII letters, digits, hyphens and underscores.
pub fn is_host_name(text: &str) -> bool {
    const LONGEST_NAME: usize = 253;
    const LONGEST_LABEL: usize = 63;
    let is_label = |label: &str| {
        (1..=LONGEST_LABEL).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    text.len() <= LONGEST_NAME && text.split('.').all(is_label)
}
