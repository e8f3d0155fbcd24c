#pragma once

// How types cross the wire: the trait Convert, and what it knows already.

#include "hub/convert_containers.h"  // IWYU pragma: export
#include "hub/convert_structs.h"     // IWYU pragma: export
#include "hub/convert_trait.h"       // IWYU pragma: export
#include "hub/convert_values.h"      // IWYU pragma: export
#include "hub/members.h"             // IWYU pragma: export
