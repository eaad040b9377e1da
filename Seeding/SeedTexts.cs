namespace Seeding;

internal static class SeedTexts
{
    /// <summary>By region, so that first and last names match.</summary>
    public static readonly IReadOnlyList<(string[] First, string[] Last)> People =
    [
        (["Emily", "Oliver", "Charlotte", "Harry", "Amelia", "George", "Isla", "Jack", "Poppy", "Alfie", "Freya", "Oscar"],
            ["Smith", "Whitaker", "Hughes", "Bennett", "O'Connor", "Fletcher", "Ashworth", "Doyle", "Kerr", "Pemberton", "Lowe", "Marsh"]),
        (["Anna", "Jonas", "Lena", "Felix", "Greta", "Moritz", "Käthe", "Jürgen", "Frieda", "Anton", "Mila", "Björn"],
            ["Müller", "Schröder", "Weiß", "Krüger", "Vogt", "Lehmann", "Brandt", "Jäger", "Seidel", "Böhm", "Ritter", "Franke"]),
        (["Camille", "Théo", "Léa", "Hugo", "Chloé", "Étienne", "Manon", "Rémi", "Zoé", "Gaël", "Inès", "Noël"],
            [
                "Dubois", "Lefèvre", "Moreau", "Girard", "Béranger", "Chevalier",
                "Fontaine", "Garnier", "Perrin", "Lacroix", "Vidal", "Roche",
            ]),
        (["Lucía", "Mateo", "Sofía", "Diego", "Valeria", "Andrés", "Inés", "Joaquín", "Paula", "Íñigo", "Carmen", "Rubén"],
            ["García", "Núñez", "Ibáñez", "Morales", "Peña", "Vega", "Castaño", "Rivas", "Solís", "Cordero", "Fuentes", "Quiroga"]),
        (["Astrid", "Lars", "Ingrid", "Søren", "Sigrid", "Håkon", "Maja", "Åsa", "Linnea", "Ægir", "Elin", "Jørgen"],
            ["Lindqvist", "Østergaard", "Bergström", "Nygård", "Haugen", "Sjöberg", "Dahl", "Holm", "Ström", "Lund", "Björk", "Rask"]),
        (["Zofia", "Jakub", "Łucja", "Paweł", "Katarzyna", "Michał", "Agnieszka", "Tomasz", "Małgorzata", "Wojciech", "Ewa", "Kazimierz"],
            [
                "Nowak", "Wiśniewski", "Wójcik", "Dąbrowski", "Zieliński", "Szymańska",
                "Kaczmarek", "Gołąb", "Pawlak", "Sikora", "Mazur", "Król",
            ]),
        (["Sakura", "Haruto", "Yui", "Ren", "Hina", "Sota", "Aoi", "Riku", "Mio", "Daichi", "Emi", "Kenji"],
            ["Sato", "Takahashi", "Yamamoto", "Kobayashi", "Nakamura", "Ito", "Watanabe", "Mori", "Fujita", "Okada", "Hayashi", "Sasaki"]),
        (["Aarav", "Diya", "Vihaan", "Ananya", "Kabir", "Ishita", "Rohan", "Meera", "Arjun", "Priya", "Nikhil", "Kavya"],
            ["Sharma", "Iyer", "Banerjee", "Reddy", "Kulkarni", "Chatterjee", "Nair", "Mehta", "Joshi", "Pillai", "Rao", "Desai"]),
        (["Amina", "Chidi", "Zainab", "Kwame", "Adaeze", "Tunde", "Nia", "Kofi", "Makena", "Sipho", "Thandiwe", "Jabari"],
            ["Okafor", "Mensah", "Adeyemi", "Nkosi", "Diallo", "Kamau", "Boateng", "Dlamini", "Balogun", "Mwangi", "Owusu", "Achebe"]),
        (["Layla", "Omar", "Nour", "Yusuf", "Salma", "Karim", "Rania", "Tariq", "Dina", "Samir", "Huda", "Ziad"],
            ["Haddad", "al-Masri", "Khalil", "Mansour", "Nasser", "Farouk", "Saleh", "Qureshi", "Rahman", "Tawfiq", "Aziz", "Shaheen"]),
        (["Elif", "Emre", "Zeynep", "Mert", "Ayşe", "Çağla", "Deniz", "Kerem", "Gülşen", "Tolga", "Defne", "Barış"],
            ["Yılmaz", "Şahin", "Öztürk", "Kaya", "Çelik", "Arslan", "Doğan", "Koç", "Aydın", "Erdoğdu", "Güneş", "Polat"]),
        (["Olena", "Taras", "Iryna", "Bohdan", "Oksana", "Andriy", "Sofiia", "Dmytro", "Halyna", "Yaroslav", "Nadiia", "Mykola"],
            [
                "Shevchuk", "Kovalenko", "Bondar", "Melnyk", "Tkachenko", "Kravets",
                "Lysenko", "Marchenko", "Savchuk", "Rudenko", "Hrytsenko", "Pavliuk",
            ]),
        (["Thiago", "Beatriz", "João", "Larissa", "Caio", "Fernanda", "Gonçalo", "Marta", "Vinícius", "Renata", "Tomé", "Helena"],
            [
                "Silva", "Gonçalves", "Araújo", "Ferreira", "Magalhães", "Teixeira",
                "Brandão", "Moura", "Nóbrega", "Sampaio", "Coelho", "Prado",
            ]),
        (["Mei", "Wei", "Xiuying", "Jun", "Lan", "Hao", "Yan", "Tao", "Ling", "Bo", "Xin", "Peng"],
            ["Chen", "Zhang", "Liang", "Huang", "Zhou", "Xu", "Guo", "Tang", "Lin", "Zhao", "Feng", "Song"]),
    ];

    public static readonly IReadOnlyList<string> Domains =
        ["acme.example", "acme.example", "acme.example", "partners.example", "press.example"];

    public static readonly IReadOnlyList<string> Regions = ["emea", "amer", "apac", "nordics", "iberia", "dach", "benelux", "anz"];

    public static readonly IReadOnlyList<string> Departments =
    [
        "library", "acquisitions", "catalogue", "finance", "legal", "support", "editorial", "press", "warehouse", "logistics", "sales",
        "marketing", "research", "archive", "events", "procurement", "security", "platform", "data", "payroll", "facilities",
        "training", "rights", "translation",
    ];

    public static readonly IReadOnlyList<string> Ranks =
        ["", "leads", "seniors", "juniors", "contractors", "interns", "on-call", "reviewers"];

    public static readonly IReadOnlyList<string> Clients =
        ["billing", "warehouse", "intranet", "crm", "reporting", "helpdesk", "payroll", "storefront"];

    public static readonly IReadOnlyList<string> Tasks =
    [
        "sync", "import", "export", "indexer", "mailer", "reports", "webhooks", "gateway", "scheduler", "backup", "metrics", "feed",
    ];

    /// <summary>The end of a group's name, its description, and what it grants and denies.</summary>
    public static readonly IReadOnlyList<(string Name, string Description, string[] Granted, string[] Denied)> Duties =
    [
        ("readers", "Look at books and authors", ["book:view", "author:view"], []),
        (
            "editors",
            "Add and correct books and authors",
            ["book:view", "book:add", "book:change", "author:view", "author:add", "author:change"],
            []),
        ("support", "Answer people who cannot get in", ["admin:view", "account:view", "session:view", "access:view"], []),
        ("publishers", "Decide what comes out", ["book:view", "book:change", "book:publish", "author:view"], []),
        (
            "auditors",
            "Look at what has been done, change nothing",
            ["admin:view", "audit:view", "account:view", "group:view", "role-mapping:view", "access:view"],
            []),
        ("archivists", "Take out what is no longer kept", ["book:view", "book:delete", "author:view", "author:delete"], []),
        (
            "contractors",
            "Help with the catalogue for a while, delete nothing",
            ["book:view", "book:change", "author:view"],
            ["book:delete", "author:delete"]),
        (
            "operators",
            "Disable accounts, end sessions, watch the realm",
            ["admin:view", "account:view", "account:change", "session:*", "realm:view"],
            []),
        ("interns", "Look around, publish nothing", ["book:view", "author:view"], ["book:publish"]),
        ("access-managers", "Say who may do what", ["admin:view", "account:view", "group:*", "role-mapping:*", "access:view"], []),
    ];

    public static readonly IReadOnlyList<string> DisableReasons =
    [
        "Left the company", "On leave until spring", "Lost a laptop", "Contract ended", "Asked by the security team", "Account was shared",
        "Duplicate of another account",
    ];

    public static readonly IReadOnlyList<string> EnableReasons =
        ["Back from leave", "New laptop", "Contract renewed", "Checked with their lead", "Was disabled by mistake"];

    public static readonly IReadOnlyList<string> MemberReasons =
    [
        "Stands in during the holidays", "Joined the team", "Until the end of the project", "Asked by their lead", "Moved to another team",
        "Project is over",
    ];

    public static readonly IReadOnlyList<string> Browsers =
    [
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36 Edg/138.0.0.0",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 "
            + "Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile Safari/537.36",
    ];

    public static readonly IReadOnlyList<string> Adjectives =
    [
        "Quiet", "Borrowed", "Northern", "Last", "Paper", "Unfinished", "Salt", "Second", "Hidden", "Patient", "Crooked", "Winter", "Slow",
        "Copper", "Distant", "Open",
    ];

    public static readonly IReadOnlyList<string> Nouns =
    [
        "Harbour", "Atlas", "Orchard", "Letter", "Clockmaker", "Lighthouse", "River", "Garden", "Cartographer", "Bridge", "Winter",
        "Library", "Neighbour", "Island",
        "Archive", "Tide", "Mountain", "Window", "Compass", "Journey",
    ];

    public static readonly IReadOnlyList<string> Places =
        ["Lisbon", "Tromsø", "Kyoto", "Accra", "Gdańsk", "Cusco", "Galway", "Kochi", "Izmir", "Odesa", "Bergen", "Oaxaca"];
}
