-- Which file speaks for each delivery. A delivery is a name without compression
-- suffixes; where several files claim one, equal content counts once, and of different
-- contents the newest file counts.
with landed_files as (

    select * from {{ ref('landed_files') }}

),

claims as (

    select
        file_name,
        row_number() over (
            partition by delivery order by modified_ns desc, file_name asc
        ) as claim_rank,
        first_value(content_sha256) over (
            partition by delivery order by modified_ns desc, file_name asc
        ) as newest_sha256
    from landed_files
    where problem is null

),

decided as (

    select
        landed_files.*,
        case
            when landed_files.delivery is null then 'ignored'
            when landed_files.problem is not null then 'unreadable'
            when claims.claim_rank = 1 then 'accepted'
            when landed_files.content_sha256 = claims.newest_sha256 then 'duplicate'
            else 'superseded'
        end as status
    from landed_files
    left join claims on landed_files.file_name = claims.file_name

),

-- A day that looks like a repeat of another is kept, since two days may be alike, but
-- it is flagged.
repeats as (

    select
        file_name,
        min(delivery) over (partition by event, content_sha256) as first_delivery
    from decided
    where status = 'accepted' and lines > 0

),

final as (

    select
        decided.file_name,
        decided.delivery_id,
        decided.delivery,
        decided.event,
        cast(decided.event_date as date) as event_date,
        decided.part,
        decided.container,
        decided.encoding,
        decided.file_bytes,
        decided.content_bytes,
        decided.content_sha256,
        decided.lines,
        decided.irregular_lines,
        decided.regular_path,
        decided.irregular_path,
        decided.status,
        case
            when decided.problem is not null then decided.problem
            when decided.status = 'duplicate'
                then 'another file of this delivery has the same content'
            when decided.status = 'superseded'
                then 'a newer file of this delivery has another content'
            when decided.is_cut
                then
                    'probably a cut upload: a whole number of MiB, '
                    || 'and the last line has no end'
            when repeats.first_delivery <> decided.delivery
                then 'same content as ' || repeats.first_delivery
        end as remark
    from decided
    left join repeats on decided.file_name = repeats.file_name

)

select * from final
