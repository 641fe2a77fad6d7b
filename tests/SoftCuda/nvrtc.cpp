// NVRTC by g++: a program becomes a shared library, found again by the hash of its text; the image is its path. Includes come from the headers handed over alone.
#include "softcuda.h"
#include <sys/stat.h>
#include <unistd.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <vector>

namespace
{
struct Program
{
    std::string source, name, log, image;
    std::vector<std::pair<std::string, std::string>> headers;
};

std::string folder()
{
    const char* named = getenv("TMPDIR");
    std::string path = std::string(named ? named : "/tmp") + "/softcuda-" + std::to_string(getuid());
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

// The kernels' names, from the preprocessed text, where macros have made them.
std::vector<std::string> kernels(const std::string& text)
{
    std::vector<std::string> names;
    const std::string mark = "SIMT_KERNEL_MARK";
    for (size_t at = 0; (at = text.find(mark, at)) != std::string::npos;)
    {
        size_t open = text.find('(', at);
        // Launch bounds come before the name and hold no parenthesis after preprocessing.
        size_t end = text.find_last_not_of(" \n\t", open - 1), begin = text.find_last_of(" \n\t*", end);
        names.push_back(text.substr(begin + 1, end - begin));
        at = open;
    }
    return names;
}

uint64_t hash(const std::string& text)
{
    uint64_t value = 1469598103934665603ull;
    for (unsigned char c : text) value = (value ^ c) * 1099511628211ull;
    return value;
}

bool run(const std::string& command, const std::string& log) { return system((command + " > '" + log + "' 2>&1").c_str()) == 0; }
}

EXPORT int nvrtcVersion(int* major, int* minor) { *major = 12; *minor = 6; return 0; }
EXPORT const char* nvrtcGetErrorString(int) { return "as the log says"; }

EXPORT int nvrtcCreateProgram(void** program, const char* source, const char* name, int count, const char* const* texts, const char* const* names)
{
    Program* made = new Program{source, name, "", "", {}};
    for (int i = 0; i < count; i++) made->headers.emplace_back(names[i], texts[i]);
    *program = made;
    return 0;
}

EXPORT int nvrtcCompileProgram(void* handle, int, const char* const*)
{
    Program& program = *static_cast<Program*>(handle);
    std::string all = program.source + SIMT_STAMP;
    for (auto& [name, text] : program.headers) all += name + text;
    char key[64];
    snprintf(key, sizeof key, "%016llx", static_cast<unsigned long long>(hash(all)));
    std::string base = folder() + "/" + program.name + "-" + key, library = base + ".so";
    program.image = library;
    if (access(library.c_str(), R_OK) == 0) return 0;

    std::string work = base + "." + std::to_string(getpid());
    mkdir(work.c_str(), 0700);
    for (auto& [name, text] : program.headers) write(work + "/" + name, text);
    write(work + "/kernel.cu", program.source);
    write(work + "/marked.cpp", "#include \"simt.h\"\n#undef __global__\n#define __global__ SIMT_KERNEL_MARK\n#include \"kernel.cu\"\n");
    bool done = run("g++ -std=c++17 -DSOFTCUDA -E -P -I'" SIMT_FOLDER "' -I'" + work + "' '" + work + "/marked.cpp' -o '" + work + "/plain.txt'", work + "/log");
    std::string unit = "#include \"simt.h\"\n#include \"kernel.cu\"\n";
    if (done)
        for (const std::string& kernel : kernels(read(work + "/plain.txt"))) unit += "SIMT_EXPORT(" + kernel + ")\n";
    write(work + "/unit.cpp", unit);
    done = done && run("g++ -std=c++17 -O2 -ffp-contract=off -fno-strict-aliasing -DSOFTCUDA -fPIC -shared -fvisibility=hidden -fsanitize=alignment -fsanitize-undefined-trap-on-error -w -I'" SIMT_FOLDER "' -I'" +
        work + "' '" + work + "/unit.cpp' -o '" + work + "/out.so'", work + "/log");
    program.log = read(work + "/log");
    if (done) rename((work + "/out.so").c_str(), library.c_str());
    run("rm -rf '" + work + "'", "/dev/null");
    return done ? 0 : 6;
}

EXPORT int nvrtcGetCUBINSize(void* program, size_t* bytes) { *bytes = static_cast<Program*>(program)->image.size() + 1; return 0; }
EXPORT int nvrtcGetCUBIN(void* program, char* image) { strcpy(image, static_cast<Program*>(program)->image.c_str()); return 0; }
EXPORT int nvrtcGetPTXSize(void* program, size_t* bytes) { return nvrtcGetCUBINSize(program, bytes); }
EXPORT int nvrtcGetPTX(void* program, char* image) { return nvrtcGetCUBIN(program, image); }
EXPORT int nvrtcGetProgramLogSize(void* program, size_t* bytes) { *bytes = static_cast<Program*>(program)->log.size() + 1; return 0; }
EXPORT int nvrtcGetProgramLog(void* program, char* log) { strcpy(log, static_cast<Program*>(program)->log.c_str()); return 0; }
EXPORT int nvrtcDestroyProgram(void** program) { delete static_cast<Program*>(*program); *program = nullptr; return 0; }
