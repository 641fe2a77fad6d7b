// NVRTC on top of g++. A program becomes a shared library, cached under the hash of its text; the image is its path.
// The only includes are the headers given to nvrtcCreateProgram.
#include "softcuda.h"
#include "traffic.h"
#include <sys/stat.h>
#include <unistd.h>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <vector>

namespace
{
constexpr int Ok = 0;
constexpr int ErrorCompilation = 6;

// Makes every access to memory a call, which simt.h answers.
const char* const TrafficOptions =
    " -DSIMT_TRAFFIC -fsanitize=kernel-address --param asan-instrumentation-with-call-threshold=0"
    " --param asan-stack=0 --param asan-globals=0 ";

struct Program
{
    std::string source;
    std::string name;
    std::string log;
    std::string image;
    std::vector<std::pair<std::string, std::string>> headers;
};

std::string cache_folder()
{
    const char* temporary = getenv("TMPDIR");
    std::string path = std::string(temporary ? temporary : "/tmp") + "/softcuda-" + std::to_string(getuid());
    mkdir(path.c_str(), 0700);
    return path;
}

void write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

std::string read(const std::string& path)
{
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

uint64_t hash(const std::string& text)
{
    uint64_t value = 1469598103934665603ull;
    for (unsigned char c : text) value = (value ^ c) * 1099511628211ull;
    return value;
}

std::string key(const Program& program)
{
    std::string all = program.source + SIMT_STAMP + (counts_traffic() ? "traffic" : "");
    for (auto& [name, text] : program.headers) all += name + text;
    char digits[64];
    snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash(all)));
    return digits;
}

bool run(const std::string& command, const std::string& log)
{
    return system((command + " > '" + log + "' 2>&1").c_str()) == 0;
}

// Finds the kernels' names in the preprocessed text, after macros have been expanded.
std::vector<std::string> kernel_names(const std::string& text)
{
    std::vector<std::string> names;
    const std::string mark = "SIMT_KERNEL_MARK";
    for (size_t at = 0; (at = text.find(mark, at)) != std::string::npos;)
    {
        // Launch bounds come before the name and contain no parenthesis after preprocessing.
        size_t open = text.find('(', at);
        size_t end = text.find_last_not_of(" \n\t", open - 1);
        size_t begin = text.find_last_of(" \n\t*", end);
        names.push_back(text.substr(begin + 1, end - begin));
        at = open;
    }
    return names;
}

std::string includes(const std::string& folder) { return " -I'" SIMT_FOLDER "' -I'" + folder + "' "; }

// Preprocesses the program with kernels marked, and writes unit.cpp, which exports them.
bool write_unit(const std::string& folder)
{
    write(folder + "/marked.cpp",
        "#include \"simt.h\"\n"
        "#undef __global__\n"
        "#define __global__ SIMT_KERNEL_MARK\n"
        "#include \"kernel.cu\"\n");
    std::string preprocess = "g++ -std=c++17 -DSOFTCUDA -E -P" + includes(folder);
    std::string plain = folder + "/plain.txt";
    if (!run(preprocess + "'" + folder + "/marked.cpp' -o '" + plain + "'", folder + "/log")) return false;
    std::string unit = "#include \"simt.h\"\n#include \"kernel.cu\"\n";
    for (const std::string& kernel : kernel_names(read(plain))) unit += "SIMT_EXPORT(" + kernel + ")\n";
    write(folder + "/unit.cpp", unit);
    return true;
}

bool compile_unit(const std::string& folder)
{
    std::string compile =
        "g++ -std=c++17 -O2 -ffp-contract=off -fno-strict-aliasing -DSOFTCUDA -fPIC -shared -fvisibility=hidden"
        " -fsanitize=alignment -fsanitize-undefined-trap-on-error -w" + includes(folder);
    if (counts_traffic()) compile += TrafficOptions;
    return run(compile + "'" + folder + "/unit.cpp' -o '" + folder + "/out.so'", folder + "/log");
}
}

EXPORT int nvrtcVersion(int* major, int* minor)
{
    *major = 12;
    // Another compiler, so that the images of one aren't taken from the cache of the other.
    *minor = counts_traffic() ? 7 : 6;
    return Ok;
}

EXPORT const char* nvrtcGetErrorString(int) { return "an NVRTC error of SoftCuda"; }

EXPORT int nvrtcCreateProgram(void** program, const char* source, const char* name, int header_count,
    const char* const* headers, const char* const* include_names)
{
    Program* created = new Program{source, name, "", "", {}};
    for (int i = 0; i < header_count; i++) created->headers.emplace_back(include_names[i], headers[i]);
    *program = created;
    return Ok;
}

EXPORT int nvrtcCompileProgram(void* handle, int, const char* const*)
{
    Program& program = *static_cast<Program*>(handle);
    std::string base = cache_folder() + "/" + program.name + "-" + key(program);
    program.image = base + ".so";
    if (access(program.image.c_str(), R_OK) == 0) return Ok;

    static std::atomic<int> count;
    std::string folder = base + "." + std::to_string(getpid()) + "." + std::to_string(count++);
    mkdir(folder.c_str(), 0700);
    for (auto& [name, text] : program.headers) write(folder + "/" + name, text);
    write(folder + "/kernel.cu", program.source);
    bool compiled = write_unit(folder) && compile_unit(folder);
    program.log = read(folder + "/log");
    if (compiled) rename((folder + "/out.so").c_str(), program.image.c_str());
    run("rm -rf '" + folder + "'", "/dev/null");
    return compiled ? Ok : ErrorCompilation;
}

EXPORT int nvrtcGetCUBINSize(void* program, size_t* bytes)
{
    *bytes = static_cast<Program*>(program)->image.size() + 1;
    return Ok;
}

EXPORT int nvrtcGetCUBIN(void* program, char* image)
{
    strcpy(image, static_cast<Program*>(program)->image.c_str());
    return Ok;
}

EXPORT int nvrtcGetPTXSize(void* program, size_t* bytes) { return nvrtcGetCUBINSize(program, bytes); }

EXPORT int nvrtcGetPTX(void* program, char* image) { return nvrtcGetCUBIN(program, image); }

EXPORT int nvrtcGetProgramLogSize(void* program, size_t* bytes)
{
    *bytes = static_cast<Program*>(program)->log.size() + 1;
    return Ok;
}

EXPORT int nvrtcGetProgramLog(void* program, char* log)
{
    strcpy(log, static_cast<Program*>(program)->log.c_str());
    return Ok;
}

EXPORT int nvrtcDestroyProgram(void** program)
{
    delete static_cast<Program*>(*program);
    *program = nullptr;
    return Ok;
}
