using KeycloakAccess.Data;

namespace Api.Tests.Data;

/// <summary>What a searched page reads, in numbers of rows: it must not grow with the table.</summary>
public sealed class SearchedListTests
{
    [Theory]
    [InlineData(100_000, 1)]
    [InlineData(100_000, 7)]
    [InlineData(100_000, 50)]
    [InlineData(100_000, 3000)]
    [InlineData(100_000, 99_999)]
    [InlineData(100, 3)]
    [InlineData(100_000, 200_000)]
    public async Task Pages_hold_every_row_that_is_searched_for_once_in_order_and_read_no_more_than_a_limit(int rows, int oneIn)
    {
        var list = new Numbers(rows, number => number % oneIn == oneIn - 1);

        var found = await list.WalkAsync(50);

        Assert.Equal(Enumerable.Range(0, rows).Where(number => number % oneIn == oneIn - 1), found);
        Assert.InRange(list.MostRead, 0, 6000);
    }

    [Fact]
    public async Task Many_hits_at_the_far_end_cost_pages_with_nothing_in_them_and_no_long_ones()
    {
        var list = new Numbers(100_000, number => number >= 90_000);

        var found = await list.WalkAsync(50);

        Assert.Equal(Enumerable.Range(90_000, 10_000), found);
        Assert.InRange(list.MostRead, 0, 6000);
        Assert.True(list.EmptyPages > 0, "No page was empty, so that something has read them all.");
    }

    private sealed class Numbers(int rows, Func<int, bool> holds) : SearchedList<int>
    {
        private int _after = -1;
        private int _read;

        public int MostRead { get; private set; }

        public int EmptyPages { get; private set; }

        public async Task<List<int>> WalkAsync(int limit)
        {
            var found = new List<int>();
            while (true)
            {
                _read = 0;
                var (page, next) = await ReadAsync(limit);
                MostRead = Math.Max(MostRead, _read);
                found.AddRange(page);
                if (next is null)
                {
                    return found;
                }

                EmptyPages += page.Count == 0 ? 1 : 0;
                _after = int.Parse(next.Keys[0]!, System.Globalization.CultureInfo.InvariantCulture);
            }
        }

        protected override Task<List<int>> ReadInOrderAsync(int length, int limit)
        {
            var found = new List<int>();
            foreach (var number in InOrder().Take(length))
            {
                _read++;
                if (holds(number))
                {
                    found.Add(number);
                    if (found.Count == limit)
                    {
                        break;
                    }
                }
            }

            return Task.FromResult(found);
        }

        protected override Task<List<int>> FindInOrderAsync(int offset) => Task.FromResult(InOrder().Skip(offset).Take(1).ToList());

        protected override Task<long> CountHitsAsync(int most)
        {
            var hits = Enumerable.Range(0, rows).Where(holds).Take(most).Count();
            _read += hits;
            return Task.FromResult((long)hits);
        }

        protected override Task<List<int>> ReadHitsAsync(int limit)
        {
            var hits = Enumerable.Range(0, rows).Where(holds).ToList();
            _read += hits.Count;
            return Task.FromResult(hits.Where(number => number > _after).Take(limit).ToList());
        }

        protected override Cursor CursorAt(int row) => new("number", [$"{row}"]);

        private IEnumerable<int> InOrder() => Enumerable.Range(_after + 1, Math.Max(0, rows - _after - 1));
    }
}
