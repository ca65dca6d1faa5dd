// SPDX-License-Identifier: Apache-2.0
//
// What is wrong with a command line that was not understood.

#ifndef LAMINA_TOOLS_LAMINA_FLAGMISTAKES_H
#define LAMINA_TOOLS_LAMINA_FLAGMISTAKES_H

#include <CLI/CLI.hpp>
#include <string>

namespace lamina::driver {

/// The mistake in the words of this program; in CLI11's own where these say it.
std::string describeMistake(const CLI::App &app, const CLI::ParseError &error);

} // namespace lamina::driver

#endif // LAMINA_TOOLS_LAMINA_FLAGMISTAKES_H
