#pragma once

#include "config/config.hpp"
#include "config/type.hpp"

#include <vector>

/// Every key of the configuration, declared once. One file a group of sections: declare_edge.cpp (listeners,
/// routes, limits), declare_pools.cpp, declare_following.cpp (on_remove, rebalance), declare_health.cpp,
/// declare_rails.cpp, declare_session.cpp,
/// declare_etcd.cpp (etcd, agent), and declaration.cpp, which joins them.
namespace limpet::config {

/// The whole file.
const type<settings>& declaration();

/// A list of members, as in a pool and in a membership file.
type_ptr<std::vector<routing::member>> member_list();

type_ptr<listener> listener_section();
type_ptr<route> route_section();
type_ptr<limit_settings> limit_section();
type_ptr<timeout_settings> timeout_section();
type_ptr<forwarded_settings> forwarded_section();

type_ptr<pool> pool_section();
type_ptr<session_settings> session_section();
type_ptr<removal_settings> removal_section();
type_ptr<barrier_settings> barrier_section();
type_ptr<rebalance_settings> rebalance_section();
type_ptr<health_settings> health_section();
type_ptr<ejection_settings> ejection_section();
type_ptr<rail_settings> rails_section();

type_ptr<etcd_settings> etcd_section();
type_ptr<agent_settings> agent_section();

} // namespace limpet::config
