#pragma once

// How types cross the wire: the trait Convert, and what it knows already.

#include "hub/code/convert_containers.h"  // IWYU pragma: export
#include "hub/code/convert_structs.h"     // IWYU pragma: export
#include "hub/code/convert_times.h"       // IWYU pragma: export
#include "hub/code/convert_trait.h"       // IWYU pragma: export
#include "hub/code/convert_values.h"      // IWYU pragma: export
#include "hub/code/decimal.h"             // IWYU pragma: export
#include "hub/code/members.h"             // IWYU pragma: export
