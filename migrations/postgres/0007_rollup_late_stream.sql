-- Late points are rolled up stream by stream, also where an import brought millions.
create index rollup_late_stream on rollup_late (stream, ts);
