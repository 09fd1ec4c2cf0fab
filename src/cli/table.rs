//! A table on a terminal.

/// Where the text of a column stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    /// Words.
    Left,
    /// Figures.
    Right,
}

/// Rows with their columns one below the other, each row a line without blanks at its end.
pub(super) fn table<const N: usize>(columns: [Align; N], rows: &[[String; N]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for row in rows {
        let cells = row.iter().zip(columns).enumerate().map(|(column, (cell, align))| {
            let blanks = " ".repeat(width(column).saturating_sub(cell.chars().count()));
            match align {
                Align::Left => format!("{cell}{blanks}"),
                Align::Right => format!("{blanks}{cell}"),
            }
        });
        out.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_one_below_the_other() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned);
        let rows = [row(["FOR", "N", ""]), row(["plan", "12", "über"]), row(["öfter", "3", ""])];
        let columns = [Align::Left, Align::Right, Align::Left];
        assert_eq!(table(columns, &rows), "FOR     N\nplan   12  über\nöfter   3\n");
    }
}
