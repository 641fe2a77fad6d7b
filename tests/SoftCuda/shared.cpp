// The variables of shared memory of a module. A kernel uses those that a block of it writes: which they are shows only
// then, since they may stand in functions that several kernels call.
#include "grid.h"
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <algorithm>
#include <cstring>
#include <fstream>
#include <sstream>

namespace
{
constexpr const char* Section = "simt_shared";
constexpr unsigned char PoisonByte = 0xFF;
constexpr size_t Alignment = 16;

template <class T> const T* at(const std::string& file, size_t offset)
{
    return reinterpret_cast<const T*>(file.data() + offset);
}

// Returns the objects of the symbol table that are in the section.
std::vector<Elf64_Sym> objects_of_section(const std::string& file)
{
    const Elf64_Ehdr* header = at<Elf64_Ehdr>(file, 0);
    const Elf64_Shdr* sections = at<Elf64_Shdr>(file, header->e_shoff);
    size_t names = sections[header->e_shstrndx].sh_offset;
    std::vector<Elf64_Sym> objects;
    for (int i = 0; i < header->e_shnum; i++)
    {
        if (sections[i].sh_type != SHT_SYMTAB) continue;
        const Elf64_Sym* symbols = at<Elf64_Sym>(file, sections[i].sh_offset);
        for (size_t k = 0; k < sections[i].sh_size / sizeof(Elf64_Sym); k++)
        {
            bool is_object = ELF64_ST_TYPE(symbols[k].st_info) == STT_OBJECT && symbols[k].st_shndx < header->e_shnum;
            if (!is_object) continue;
            const char* section = at<char>(file, names + sections[symbols[k].st_shndx].sh_name);
            if (strcmp(section, Section) == 0) objects.push_back(symbols[k]);
        }
    }
    return objects;
}
}

std::vector<SharedVariable> shared_variables(void* module, const std::string& file)
{
    std::stringstream content;
    content << std::ifstream(file, std::ios::binary).rdbuf();
    link_map* map = nullptr;
    dlinfo(module, RTLD_DI_LINKMAP, &map);
    std::vector<SharedVariable> variables;
    for (const Elf64_Sym& object : objects_of_section(content.str()))
        variables.push_back({reinterpret_cast<unsigned char*>(map->l_addr + object.st_value), object.st_size});
    return variables;
}

size_t written_shared_bytes(const std::vector<SharedVariable>& variables)
{
    size_t bytes = 0;
    for (const SharedVariable& variable : variables)
    {
        const unsigned char* end = variable.begin + variable.bytes;
        bool is_written = std::any_of(variable.begin, end, [](unsigned char byte) { return byte != PoisonByte; });
        if (is_written) bytes += (variable.bytes + Alignment - 1) / Alignment * Alignment;
    }
    return bytes;
}
