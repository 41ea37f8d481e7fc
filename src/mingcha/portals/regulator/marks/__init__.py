"""数据标记: what dischargers say of their data; late marks wait for the authority's word (R-MK-3)."""
