// The bytes that launches move between device memory and the processor: distinct sectors of 32 bytes that a launch
// reads before it writes them, and that it writes. Counted only where asked for: kernels are compiled for it, and
// products, whose bytes are those of their operands, are not computed.
#pragma once
#include <cstdint>
#include <string>

bool counts_traffic();

// Between these a launch touches memory.
void begin_traffic();
void touch(uint64_t address, int bytes, bool writes);
void end_traffic(const std::string& kernel);

// Adds a launch whose bytes are known.
void add_traffic(const std::string& kernel, int64_t read, int64_t written);
