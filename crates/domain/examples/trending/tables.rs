//! Tables of videos' public counts, one line for each video and day.

use std::collections::{BTreeMap, BTreeSet};
use tensorflix_domain::chain_time::{HOUR_MS, Moment};
use tensorflix_domain::platform::Platform;
use tensorflix_domain::traffic::{Point, Series};

/// The columns that are read and the names that tables give them; the first three are required.
pub const COLUMNS: [(Column, &[&str]); 9] = [
    (Column::Video, &["video_id", "ytvideoid"]),
    (Column::Seen, &["trending_date", "date", "run_datetime_utc", "timestamp"]),
    (Column::Views, &["views", "view_count"]),
    (Column::Likes, &["likes", "like_count"]),
    (Column::Dislikes, &["dislikes"]),
    (Column::Comments, &["comment_count", "comment_total", "comments"]),
    (Column::Published, &["publish_time", "publishedat", "published_at"]),
    (Column::RatingsDisabled, &["ratings_disabled"]),
    (Column::CommentsDisabled, &["comments_disabled"]),
];

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    Video,
    Seen,
    Views,
    Likes,
    Dislikes,
    Comments,
    Published,
    RatingsDisabled,
    CommentsDisabled,
}

/// One video.
pub struct Video {
    /// Of its id, by which tables are parted in halves.
    pub hash: u64,
    pub series: Series,
}

/// What a table holds.
pub struct Table {
    pub videos: Vec<Video>,
    /// Lines without an id, a day or a number of views.
    pub unread: usize,
}

/// The videos of a table, with their observations in order of time. Equal lines count once.
pub fn videos(text: &str) -> Result<Table, String> {
    let mut records = records(text.trim_start_matches('\u{feff}'));
    let names: Vec<String> = records.next().ok_or("is empty")?.iter().map(|name| name.to_lowercase()).collect();
    let place = |known: &[&str]| known.iter().find_map(|known| names.iter().position(|name| name == known));
    let places: BTreeMap<Column, usize> =
        COLUMNS.iter().filter_map(|(column, known)| Some((*column, place(known)?))).collect();
    for (column, known) in &COLUMNS[..3] {
        if !places.contains_key(column) {
            return Err(format!("has no column for {column:?}: {}", known.join(", ")));
        }
    }
    let (mut videos, mut unread) = (BTreeMap::<String, (Option<Moment>, BTreeSet<Point>)>::new(), 0);
    for record in records {
        let field = |column| places.get(&column).and_then(|place| record.get(*place)).map(String::as_str);
        match field(Column::Video).filter(|id| !id.is_empty()).zip(point(&field)) {
            Some((id, point)) => {
                let (published_at, points) = videos.entry(id.to_owned()).or_default();
                *published_at = published_at.or_else(|| field(Column::Published).and_then(moment));
                points.insert(point);
            }
            None => unread += 1,
        }
    }
    let video = |(id, (published_at, points)): (String, (Option<Moment>, BTreeSet<Point>))| Video {
        hash: hash(&id),
        series: Series {
            platform: Platform::YOUTUBE,
            published_at,
            duration_secs: None,
            points: points.into_iter().collect(),
        },
    };
    Ok(Table { videos: videos.into_iter().map(video).collect(), unread })
}

/// The counts of a line. Where a table gives 0 for a hidden count (likes and dislikes both 0; comments 0), it is unknown, as
/// the platform's interface leaves it out.
fn point<'a>(field: &impl Fn(Column) -> Option<&'a str>) -> Option<Point> {
    let count = |column| field(column).and_then(|text| text.parse::<u64>().ok());
    let disabled = |column| field(column).is_some_and(|text| matches!(text, "1" | "True" | "TRUE" | "true"));
    let rated = count(Column::Likes) != Some(0) || count(Column::Dislikes).unwrap_or_default() > 0;
    Some(Point {
        at: field(Column::Seen).and_then(moment)?,
        views: Some(count(Column::Views)?),
        plays: None,
        likes: count(Column::Likes).filter(|_| rated && !disabled(Column::RatingsDisabled)),
        comments: count(Column::Comments).filter(|count| *count > 0 && !disabled(Column::CommentsDisabled)),
    })
}

/// A time; of a day alone, noon. The editions of "Trending YouTube Video Statistics" write days as `13.09` (in 2017), as
/// `17.14.11` (year, day, month) and as `2017-11-14`.
fn moment(text: &str) -> Option<Moment> {
    let at_noon = |day: String| {
        Moment::parse(&format!("{day}T00:00:00Z")).map(|day| Moment::from_unix_ms(day.unix_ms() + 12 * HOUR_MS))
    };
    match text.split('.').collect::<Vec<_>>()[..] {
        [day, month] if text.len() == 5 => at_noon(format!("2017-{month}-{day}")),
        [year, day, month] if text.len() == 8 => at_noon(format!("20{year}-{month}-{day}")),
        _ if text.len() == 10 => at_noon(text.to_owned()),
        _ => {
            let time = text.replacen(' ', "T", 1);
            Moment::parse(&time).or_else(|| Moment::parse(&format!("{time}Z")))
        }
    }
}

/// FNV-1a.
fn hash(id: &str) -> u64 {
    id.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The records of CSV (RFC 4180): fields in quotes may hold commas, ends of lines and doubled quotes.
fn records(text: &str) -> impl Iterator<Item = Vec<String>> {
    let mut characters = text.chars().peekable();
    std::iter::from_fn(move || {
        characters.peek()?;
        let (mut record, mut field, mut quoted) = (Vec::new(), String::new(), false);
        while let Some(character) = characters.next() {
            match character {
                '"' if quoted && characters.peek() == Some(&'"') => field.extend(characters.next()),
                '"' => quoted = !quoted,
                ',' if !quoted => record.push(std::mem::take(&mut field)),
                '\n' if !quoted => break,
                '\r' if !quoted => {}
                other => field.push(other),
            }
        }
        record.push(field);
        Some(record)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(text: &str) -> Video {
        let mut table = videos(text).expect("a table");
        assert_eq!((table.videos.len(), table.unread), (1, 0), "{text}");
        table.videos.remove(0)
    }

    #[test]
    fn every_edition_is_read() {
        for (text, first) in [
            (
                "\u{feff}video_id,title,views,likes,dislikes,comment_total,date\r\na,\"x, \"\"y\"\"\nz\",10,2,1,3,13.09\r\n",
                "2017-09-13T12:00:00Z",
            ),
            (
                "video_id,trending_date,views,likes,dislikes,comment_count,ratings_disabled\na,17.14.11,10,2,1,3,False\n",
                "2017-11-14T12:00:00Z",
            ),
            ("video_id,trending_date,views,likes,comment_count\na,2017-11-14,10,2,3", "2017-11-14T12:00:00Z"),
            (
                "run_datetime_utc,video_id,view_count,like_count,comment_count\n2025-08-11T14:31:49.5+00:00,a,10,2,3\n",
                "2025-08-11T14:31:49.5Z",
            ),
        ] {
            let expected = Point {
                at: Moment::parse(first).expect("a time"),
                views: Some(10),
                plays: None,
                likes: Some(2),
                comments: Some(3),
            };
            assert_eq!(only(text).series.points, [expected], "{text}");
        }
    }

    #[test]
    fn hidden_counts_are_unknown_and_equal_lines_count_once() {
        let text = "video_id,date,views,likes,dislikes,comments,ratings_disabled,publish_time\n\
            a,2017-11-14,10,0,0,0,False,2017-11-13 17:13:01\n\
            a,2017-11-14,10,0,0,0,False,2017-11-13 17:13:01\n\
            a,2017-11-15,11,5,1,4,True,\n";
        let video = only(text);
        let known: Vec<_> =
            video.series.points.iter().map(|point| (point.views, point.likes, point.comments)).collect();
        assert_eq!(known, [(Some(10), None, None), (Some(11), None, Some(4))]);
        assert_eq!(video.series.published_at, Moment::parse("2017-11-13T17:13:01Z"));
    }

    #[test]
    fn a_table_without_a_needed_column_is_rejected() {
        assert!(videos("").is_err() && videos("title,views\nx,1").is_err());
        let table = videos("video_id,date,views\na,13.09,many\n,13.09,1\n").expect("a table");
        assert_eq!((table.videos.len(), table.unread), (0, 2));
    }
}
