-- What engines do differently stands in dispatched macros. Each is asked here for an
-- answer that was worked out by hand, on whichever engine builds.
with numbers as (

    select cast(number as bigint) as number
    from (select {{ series(1, 5) }} as number) as counted

),

texts as (

    select
        'a' as text,
        2 as place
    union all
    select
        'b' as text,
        1 as place

),

two_columns as (

    select
        1 as first_column,
        2 as second_column

),

-- a column too many, or one that is missing, could not be joined to the other query
one_column as (

    select {{ all_columns_but('second_column') }} from two_columns
    union all
    select 10 as first_column

),

large as (

    select cast(4000000000000000000 as bigint) as amount from numbers

),

answers as (

    {%- set string = dbt.type_string() %}
    {%- for macro, found, expected, source in [
        ('days_between', days_between("date '2017-03-30'", "date '2017-05-12'"),
            '43', none),
        ('days_between', days_between("date '2017-05-12'", "date '2017-03-30'"),
            '-43', none),
        ('series', 'sum(number)', '15', 'numbers'),
        ('series', 'count(*)', '0',
            '(select ' ~ series(3, 2) ~ ' as number) as nothing'),
        ('series_of_dates', "concat_ws(' ', count(*), min(day), max(day))",
            '3 2017-02-28 2017-03-02', '(select ' ~ series_of_dates(
                "date '2017-02-28'", "date '2017-03-02'"
            ) ~ ' as day) as days'),
        ('whole_quotient', whole_quotient('7', '2'), '3', none),
        ('wide_sum', wide_sum('amount'), '20000000000000000000', 'large'),
        ('wide', wide('4000000000000000000') ~ ' * 4000000000000000000',
            '16' ~ '0' * 36, none),
        ('all_columns_but', 'sum(first_column)', '11', 'one_column'),
        ('replace_pattern', replace_pattern("'a--b-c'", "'-+'", "' '"),
            'a b c', none),
        ('from_hexadecimal', from_hexadecimal("'00ff10'"), '65296', none),
        ('hash_fraction', 'round(' ~ hash_fraction('7', 'split') ~ ' * 1000000)',
            '411330.0', none),
        ('content_hash',
            'substr(' ~ content_hash("cast('abc' as binary)") ~ ', 1, 8)',
            'ba7816bf', none),
        ('decode_url', decode_url("'a%20b+%e6%ad%8c'"), 'a b 歌', none),
        ('decode_url', decode_url("'%E9%9F'"), none, none),
        ('decode_url', decode_url("'50%'"), '50%', none),
        ('decode_url', decode_url("'a%zz+%41'"), 'a%zz A', none),
        ('decode_url', decode_url("'%EF%BF%BD'"), '�', none),
        ('is_decimal_number', to_number("'-3.5e2'"), '-350.0', none),
        ('is_decimal_number', to_number("'1_000'"), none, none),
        ('is_decimal_number', to_number("'12d'"), none, none),
        ('is_decimal_number', to_number("'nan'"), none, none),
        ('is_decimal_number', to_number("'0x10'"), none, none),
        ('matches', matches("'part_12'", '_[0-9]{2}$'), 'true', none),
        ('matches', matches("'part_1'", '_[0-9]{2}$'), 'false', none),
        ('matches', to_time("'2017-03-30T23:04:05.6+08:00'"), '2017-03-30 23:04:05',
            none),
        ('matches', to_time("'2017-03-30T24:00'"), none, none),
        ('joined_texts', joined_texts('text', 'place asc'), 'b, a', 'texts'),
        ('ordered_sum', ordered_sum('number * 0.5e0', 'number desc'), '7.5',
            'numbers'),
        ('percentile_list', list_item(
            percentile_list('cast(number as double)'), 26
        ), '2.0', 'numbers'),
        ('record_list', "concat(count(*), ' ', min(item.letter))", '2 a',
            '(select ' ~ list_items('letters') ~ ' as item from (select '
            ~ record_list({'letter': 'text', 'place': 'place'})
            ~ ' as letters from texts) as listed) as records'),
        ('list_items', 'sum(item.place)', '3',
            '(select ' ~ list_items('letters') ~ ' as item from (select '
            ~ record_list({'letter': 'text', 'place': 'place'})
            ~ ' as letters from texts) as listed) as records'),
        ('list_item', list_item(percentile_list('cast(number as double)'), 101),
            '5.0', 'numbers'),
    ] %}
    select
        '{{ macro }}' as macro_name,
        cast({{ found }} as {{ string }}) as found,
        cast(
            {{ 'null' if expected is none else "'" ~ expected ~ "'" }} as {{ string }}
        ) as expected
    {{ 'from ' ~ source if source is not none }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select *
from answers
where found is distinct from expected
